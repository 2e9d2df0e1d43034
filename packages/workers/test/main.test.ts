// The process auxot-worker gpu, whole, against a scripted router.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import { createKeyText } from "@auxot/wire/key-format";
import { demoScripts } from "../src/gpu/models/script-model.ts";
import { ask, createTemporaryDirectory, textOf } from "./engine-harness.ts";
import { startFakeRouter, type FakeLink, type FakeRouter } from "./fake-router.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const modelsDirectory = createTemporaryDirectory();

let router: FakeRouter;
before(async () => {
  router = await startFakeRouter();
});
after(() => router.close());

function start(...options: string[]): ChildProcess {
  return spawn(process.execPath, [main, "gpu", "--router", router.url, "--threads", "1", ...options], {
    env: { ...process.env, AUXOT_WORKER_KEY: createKeyText("worker"), AUXOT_WORKER_MODELS_DIR: modelsDirectory },
    stdio: ["ignore", "inherit", "pipe"],
  });
}

async function readJob(link: FakeLink, jobId: string): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for (;;) {
    const frame = await Promise.race([link.next("job-events"), link.closed]);
    if (typeof frame === "number") throw new Error("The link closed before the answer was over.");
    if (frame.jobId !== jobId) continue;
    events.push(...frame.events);
    if (frame.events.some((event) => event.type === "end")) return events;
  }
}

test("serves the demo model with 65,536 tokens in four slots, and finishes running answers on SIGTERM", async () => {
  const worker = start("--name", "box", "--alias", "gpt-4o");
  const exit = once(worker, "exit");
  const link = await router.accept();
  const hello = await link.welcome();
  assert.equal(hello.name, "box");
  const [offer] = hello.offers;
  assert.deepEqual(
    [offer?.model, offer?.aliases, offer?.contextTokens, offer?.slots],
    ["auxot-demo", ["gpt-4o"], 65_536, 4],
  );
  assert.match(offer?.description ?? "", /^Demo model/);
  link.send({ type: "job-start", jobId: "job_1", request: ask("hi") });
  assert.equal(textOf(foldEvents(await readJob(link, "job_1"))), demoScripts.reply);
  link.send({ type: "job-ack", jobId: "job_1", seq: (await link.next("job-done")).seq });
  link.send({ type: "job-start", jobId: "job_2", request: ask("LOOP", { maxOutputTokens: 200 }) });
  await link.next("job-events");
  worker.kill("SIGTERM");
  await link.next("drain");
  const done = await link.next("job-done");
  assert.deepEqual([done.jobId, done.error], ["job_2", undefined]);
  link.send({ type: "job-ack", jobId: "job_2", seq: done.seq });
  assert.deepEqual(await exit, [0, null]);
});

test("a second signal ends it at once", async () => {
  const worker = start();
  const exit = once(worker, "exit");
  const link = await router.accept();
  await link.welcome();
  link.send({ type: "job-start", jobId: "job_1", request: ask("LOOP") });
  await link.next("job-events");
  worker.kill("SIGINT");
  await link.next("drain");
  worker.kill("SIGINT");
  assert.deepEqual(await exit, [1, null]);
});

test("a refused key ends it with exit code 3 and a clear message, even before a download", async () => {
  router.refuseWith(401);
  const worker = start("--model", "http://127.0.0.1:9/m.gguf");
  let said = "";
  worker.stderr?.on("data", (text) => (said += String(text)));
  assert.deepEqual(await once(worker, "close"), [3, null]);
  assert.match(said, /refused this worker's key/);
  router.refuseWith(undefined);
});

test("a model file that cannot be read ends it with exit code 2, not to be tried again", async () => {
  const worker = start("--model", main.replace("main.ts", "none.gguf"));
  let said = "";
  worker.stderr?.on("data", (text) => (said += String(text)));
  assert.deepEqual(await once(worker, "close"), [2, null]);
  assert.match(said, /no readable model file/);
});
