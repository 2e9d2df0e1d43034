// Both clients, unmodified, on a GPU worker that runs llama.cpp: a whole tool-using session with a model file made here, and
// one turn with the demo model, which reads their whole prompts.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { demoScripts } from "../../packages/workers/src/gpu/models/script-model.ts";
import { startRouter, startWorker, type TestRouter } from "../harness/stack.ts";
import { startClient } from "./client-programs.ts";
import { readReport } from "./client-reports.ts";
import { copyingTask, makeCopyingModel } from "./copying-model.ts";
import { runSession } from "./session.ts";

let router: TestRouter;
const stack = new AsyncDisposableStack();
before(async () => {
  router = stack.use(await startRouter());
  const file = path.join(router.directory, "copying.gguf");
  await writeFile(file, makeCopyingModel());
  stack.use(await startWorker(router, { args: ["--model", file, "--slots", "1", "--name", "copier"] }));
  const demo = ["--model", "demo", "--slots", "1", "--context", "65536", "--name", "demo"];
  stack.use(await startWorker(router, { args: demo }));
});
after(() => stack.disposeAsync());

for (const [client, name] of [
  ["claude", "Claude Code"],
  ["codex", "Codex"],
] as const) {
  test(`${name} reads a file and writes what it says into another, on llama.cpp`, async () => {
    const used = await runSession({
      router,
      client,
      model: "copying",
      task: copyingTask,
      tier: "gpu",
      provider: "gpu",
    });
    assert.ok(used.output > 100, "a token for each byte the model wrote");
  });

  test(`${name} gets the demo model's words after a prompt of tens of thousands of tokens`, async () => {
    await using run = await startClient(client, { router, model: "auxot-demo", prompt: "Hello!" });
    assert.equal(await run.exited, 0, run.out() + run.err());
    const { words, used } = readReport(client, run.out());
    assert.deepEqual(words, [demoScripts.reply]);
    assert.ok(used.input > 20_000, `${used.input}`);
  });
}
