// Ctrl-C in the middle of an answer: the source stops at once and nothing stays behind.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until, within } from "../harness/until.ts";
import { startClient } from "./client-programs.ts";
import { startSources, type Sources } from "./sources.ts";

let sources: Sources;
const stack = new AsyncDisposableStack();
before(async () => {
  sources = stack.use(await startSources());
});
after(() => stack.disposeAsync());

for (const [client, name, sourceName] of [
  ["claude", "Claude Code", "gpu"],
  ["claude", "Claude Code", "chat"],
  ["codex", "Codex", "gpu"],
  ["codex", "Codex", "messages"],
] as const) {
  test(`Ctrl-C in ${name} closes the connection to the source and frees its slot (${sourceName})`, async () => {
    const { router, [sourceName]: source } = sources;
    const { vendor } = source;
    const model = source.models[0] ?? "";
    const before = { requests: vendor.requests.length, rows: (await router.usage()).length };
    vendor.play(() => ({ text: "This is an answer that will never be whole." }), { stalls: true });
    await using run = await startClient(client, { router, model, prompt: "Say something." });
    const tooEarly = run.exited.then((code) => {
      throw new Error(`It ended with ${code}.\nstdout: ${run.out()}\nstderr: ${run.err()}`);
    });
    const asked = until("the model is asked", () => vendor.requests[before.requests], 20_000);
    const request = await Promise.race([asked, tooEarly]);
    if (sourceName === "gpu") assert.equal(await router.busySlots(model), 1);
    run.interrupt();
    await within(2000, "the source was left", request.left);
    await run.exited;
    if (sourceName === "gpu") await until("the slot is free", async () => (await router.busySlots(model)) === 0, 1000);
    const [row, ...more] = await until("the usage row is written", async () => {
      const rows = (await router.usage()).slice(before.rows);
      return rows.length > 0 && rows;
    });
    assert.deepEqual([row?.["outcome"], row?.["tries"], more.length], ["cancelled", 1, 0]);
    assert.equal(vendor.requests.length, before.requests + 1, "nobody asked again");
  });
}
