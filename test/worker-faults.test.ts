// What callers see when worker processes die, stop, are refused, or lose their engine, and when callers leave.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKeyText } from "@auxot/wire/key-format";
import { demoScripts } from "../packages/workers/src/gpu/models/script-model.ts";
import { answerOpenai, startFakeCloud, type FakeCloud } from "../packages/server/test/harness/fake-cloud.ts";
import { apis, anthropicApi, ask, begin, openaiApi, readError, send, ways } from "./harness/apis.ts";
import { isAlive, listChildren } from "./harness/program.ts";
import { launchWorker, startRouter, startWorker, type TestRouter } from "./harness/stack.ts";
import { until, within } from "./harness/until.ts";

/** The text that never ends, as far as it was read. */
const loop = demoScripts.loop;

let cloud: FakeCloud;
let router: TestRouter;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["From ", "the cloud."]));
  router = await startRouter({
    config: `
      providers:
        - {name: cloud, kind: cloud, dialect: openai-chat, baseUrl: "${cloud.url}/v1", apiKey: sk-upstream, models: [cloud-model]}
    `,
  });
});
after(async () => {
  await router[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

const slotsFree = (limitMs: number): Promise<true> =>
  until("all slots are free", async () => (await router.busySlots()) === 0, limitMs);

test("a worker killed before its first token: the cloud answers, and the caller sees nothing of it", async () => {
  await using worker = await startWorker(router, { args: ["--slots", "4"] });
  // A stopped process takes jobs from its socket no more, but its connection lives.
  worker.signal("SIGSTOP");
  const answers = ways.map(({ api, stream }) => ask(router, api, { model: "auto", text: "LOOP" }, stream));
  await until("the worker has all jobs", async () => (await router.busySlots()) === ways.length);
  worker.signal("SIGKILL");
  for (const answer of await Promise.all(answers)) {
    assert.equal(answer.text, "From the cloud.");
    assert.equal(answer.model, "cloud-model");
    assert.equal(answer.isComplete, true);
    assert.equal(answer.error, undefined);
    assert.equal(answer.headers.get("x-auxot-route"), "tier=cloud; provider=cloud; model=cloud-model; tries=2");
  }
});

test("a worker killed in the middle of a stream: an error in the stream, never a clean end, and no engine left behind", async () => {
  await using worker = await startWorker(router, { args: ["--slots", "2"] });
  const engines = await listChildren(worker.pid);
  const streams = await Promise.all(apis.map((api) => begin(router, api, { model: "auto", text: "LOOP" })));
  const asked = cloud.requests.length;
  worker.signal("SIGKILL");
  for (const stream of streams) {
    const answer = await within(15_000, "the stream ended", stream.rest());
    assert.ok(answer.text !== "" && loop.repeat(9999).startsWith(answer.text));
    assert.match(answer.error ?? "", /worker was lost/);
    assert.equal(answer.isComplete, false);
    assert.equal(answer.stop, "");
  }
  assert.equal(cloud.requests.length, asked, "what was begun is not begun again elsewhere");
  assert.equal(engines.length, 1);
  await until("the engine is gone too", () => !engines.some(isAlive), 5000);
  const rows = await until("the usage is written", async () => {
    const lost = (await router.usage()).filter((row) => row["error_code"] === "worker_lost");
    return lost.length === streams.length && lost;
  });
  assert.deepEqual([...new Set(rows.map(({ outcome, tier }) => `${outcome} ${tier}`))], ["error gpu"]);
});

test("a caller who leaves in the middle of an endless stream frees the slot within a second", async () => {
  await using worker = await startWorker(router, { args: ["--slots", "1"] });
  for (const { api, stream } of ways) {
    const caller = new AbortController();
    const question = { model: "auxot-demo", text: "LOOP", signal: caller.signal };
    if (stream) {
      await begin(router, api, question);
      caller.abort();
    } else {
      const answer = ask(router, api, question, false);
      await until("the slot is taken", async () => (await router.busySlots()) === 1);
      caller.abort();
      await assert.rejects(answer, { name: "AbortError" });
    }
    await slotsFree(1000);
    const next = await within(2000, "the next was answered", ask(router, api, { text: "free?" }));
    assert.equal(next.text, demoScripts.reply);
  }
  assert.equal((await listChildren(worker.pid)).length, 1, "the engine process lived through it");
});

test("a killed engine process: the stream ends with an error, and the worker serves again by itself", async () => {
  await using worker = await startWorker(router, { args: ["--slots", "2"] });
  const [engine] = await listChildren(worker.pid);
  const streams = await Promise.all(apis.map((api) => begin(router, api, { text: "LOOP" })));
  process.kill(engine ?? 0, "SIGKILL");
  for (const stream of streams) {
    const answer = await within(5000, "the stream ended", stream.rest());
    assert.match(answer.error ?? "", /crashed/);
    assert.equal(answer.isComplete, false);
  }
  await until("the model is offered again", async () =>
    (await router.workers()).some(({ models }) => models.length > 0),
  );
  assert.equal((await ask(router, openaiApi, { text: "there again?" })).text, demoScripts.reply);
  const [next] = await listChildren(worker.pid);
  assert.notEqual(next, engine);
});

test("while its only engine is away, auto is answered by the cloud", async () => {
  await using worker = await startWorker(router);
  const [engine] = await listChildren(worker.pid);
  process.kill(engine ?? 0, "SIGKILL");
  const answer = await ask(router, anthropicApi, { model: "auto", text: "LOOP" });
  assert.equal(answer.text, "From the cloud.");
});

test("a worker with a wrong key ends with exit code 3 and says why", async () => {
  await using worker = launchWorker(router, { key: createKeyText("worker") });
  const exit = await within(15_000, "the worker ended", worker.exited);
  assert.match(worker.err(), /The router refused this worker's key\. The worker key is wrong or was revoked/);
  assert.deepEqual(exit, { code: 3, signal: null });
});

test("a worker told to stop in the middle of a stream finishes it, takes nothing new, and ends with exit code 0", async () => {
  await using worker = await startWorker(router, { args: ["--slots", "2"] });
  const streams = await Promise.all(apis.map((api) => begin(router, api, { text: "LOOP", maxTokens: 4000 })));
  worker.signal("SIGTERM");
  await until("the worker drains", async () => (await router.workers()).some(({ state }) => state === "draining"));
  assert.equal(await router.busySlots(), 2, "the streams were still running");
  const elsewhere = await ask(router, openaiApi, { model: "auto", text: "new" });
  assert.equal(elsewhere.model, "cloud-model");
  for (const [i, stream] of streams.entries()) {
    const answer = await stream.rest();
    assert.equal(answer.error, undefined);
    assert.equal(answer.isComplete, true);
    assert.equal(answer.usage.output, 4000);
    assert.equal(answer.stop, apis[i]?.stops.length);
    assert.ok(loop.repeat(401).startsWith(answer.text));
  }
  assert.deepEqual(await within(5000, "the worker ended", worker.exited), { code: 0, signal: null });
});

test("a prompt longer than the context is a 400 that names the size, in the words of each API", async () => {
  await using _ = await startWorker(router, { args: ["--context", "512"] });
  for (const { api, stream } of ways) {
    for (const length of [600, 6000]) {
      const response = await send(router, api, { text: "x".repeat(length) }, stream);
      const { status, type, message } = await readError(response);
      assert.equal(status, 400);
      assert.equal(type, "invalid_request_error");
      assert.match(message, /\b512 tokens/);
    }
  }
});

test("a prompt longer than the worker's context goes to the cloud when the choice is the router's", async () => {
  await using _ = await startWorker(router, { args: ["--context", "512"] });
  const answer = await ask(router, anthropicApi, { model: "auto", text: "x".repeat(600) });
  assert.equal(answer.model, "cloud-model");
});
