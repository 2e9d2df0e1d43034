// Ways around a limit that there must not be: names that hide the model, answers nobody waits for.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { noUsage } from "@auxot/wire/usage";
import { ackEveryFrames } from "@auxot/wire/worker-frames";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { administer, setLimit, waitForUse } from "./harness/limits.ts";
import { connectFakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const hello = { model: "cloud-model", max_tokens: 100, messages: [{ role: "user", content: "Hi" }] };

async function put(app: TestRouter, path: string, body: object): Promise<void> {
  const { status, body: answer } = await administer(app, "PUT", path, body);
  assert.equal(status, 200, JSON.stringify(answer));
}

test("a budget that is used up is so for an alias and for a stand-in too", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["Hi"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  await put(app, "/api/model-aliases/fast", { models: ["cloud-model"] });
  await put(app, "/api/routing/org", { fallbacks: { gone: ["cloud-model"] } });
  const ask = async (model: string) => (await app.post("/v1/chat/completions", { ...hello, model })).status;
  assert.deepEqual([await ask("fast"), await ask("gone")], [200, 200]);
  await setLimit(app, { measure: "money", window: "day", amount: 1 });
  assert.deepEqual([await ask("cloud-model"), await ask("fast"), await ask("gone")], [429, 429, 429]);
  assert.equal(cloud.requests.length, 2);
});

test("a limit on one model is no limit on what an alias leaves beside it", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["Hi"]));
  await using app = await startTestRouter({ providers: [cloud.provider({ models: ["dear", "cheap"] })] });
  await put(app, "/api/model-aliases/some", { models: ["dear", "cheap"] });
  await setLimit(app, { measure: "requests", window: "day", amount: 0, model: "dear" });
  const answer = await app.post("/v1/chat/completions", { ...hello, model: "some" });
  assert.match(String(answer.headers.get("x-auxot-route")), /model=cheap/);
});

/** 400 characters, of which a token is four. */
const long = "word ".repeat(80);
const longChat = { ...hello, messages: [{ role: "user", content: long }] };
const left = [
  { sentence: "whole, before the cloud said a word", path: "/v1/chat/completions", body: longChat },
  {
    sentence: "a stream, before the cloud said a word",
    path: "/v1/chat/completions",
    body: { ...longChat, stream: true },
  },
  { sentence: "another dialect's", path: "/v1/messages", body: longChat },
  {
    sentence: "a completion of two prompts",
    path: "/v1/completions",
    body: { model: hello.model, prompt: [long, long] },
  },
  { sentence: "embeddings", path: "/v1/embeddings", body: { model: "text-embedding-3-small", input: long } },
];

for (const { sentence, path, body } of left) {
  test(`whoever leaves what a cloud works on has used a request and its prompt: ${sentence}`, async () => {
    await using cloud = await startFakeCloud(() => {});
    const models = [hello.model, "text-embedding-3-small"];
    await using app = await startTestRouter({ providers: [cloud.provider({ models })] });
    const requests = await setLimit(app, { measure: "requests", window: "minute", amount: 10 });
    const tokens = await setLimit(app, { measure: "tokens", window: "day", amount: 100_000 });
    const arrived = cloud.nextRequest();
    const caller = new AbortController();
    const answer = assert.rejects(app.post(path, body, { signal: caller.signal }));
    await arrived;
    caller.abort();
    await answer;
    assert.equal(await waitForUse(app, tokens, (used) => used > 0), 100);
    assert.equal(await waitForUse(app, requests, () => true), 1);
    const { tier, provider, usage } = app.log.find(({ outcome }) => outcome === "cancelled") ?? {};
    assert.deepEqual(
      { tier, provider, usage },
      { tier: "cloud", provider: "cloud", usage: { ...noUsage, inputTokens: 100, estimated: true } },
    );
  });
}

test("whoever leaves an answer that is not streamed has used what the worker wrote until then", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const tokens = await setLimit(app, { measure: "tokens", window: "day", amount: 100_000 });
  const caller = new AbortController();
  const answer = assert.rejects(
    app.post("/v1/chat/completions", { ...longChat, model: "auto" }, { signal: caller.signal }),
  );
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: long });
  // Enough frames that some are acknowledged: the first was read then.
  for (let frame = 0; frame < ackEveryFrames; frame++) job.send({ type: "text-delta", index: 0, text: "" });
  await worker.nextFrame("job-ack");
  caller.abort();
  await answer;
  await job.cancelled;
  job.done();
  assert.equal(await waitForUse(app, tokens, (used) => used > 0), 200);
});

test("what a cloud refuses or fails at is a request, and no tokens or money", async () => {
  await using cloud = await startFakeCloud((_request, response) => void response.writeHead(500).end());
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const price = { model: hello.model, effectiveFrom: "2026-01-01T00:00:00Z", inputMicroUsd: 1, outputMicroUsd: 1 };
  assert.equal((await administer(app, "POST", "/api/prices", { ...price, requestMicroUsd: 1000 })).status, 200);
  const requests = await setLimit(app, { measure: "requests", window: "day", amount: 10 });
  const money = await setLimit(app, { measure: "money", window: "day", amount: 100_000 });
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 502);
  cloud.answer = (_request, response) => void response.writeHead(400).end();
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 400);
  await waitForUse(app, requests, (used) => used >= 1);
  assert.equal(await waitForUse(app, money, () => true), 0);
});

test("who left the queue before any worker was free has used nothing", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const requests = await setLimit(app, { measure: "requests", window: "day", amount: 2 });
  const first = app.post("/v1/chat/completions", { ...hello, model: "auto" });
  const job = await worker.nextJob();
  const caller = new AbortController();
  const waiting = assert.rejects(
    app.post("/v1/chat/completions", { ...hello, model: "auto" }, { signal: caller.signal }),
  );
  while (!app.log.some((line) => line["message"] === "caller left")) {
    await app.get("/api/health");
    caller.abort();
  }
  await waiting;
  job.answer("one");
  assert.equal((await first).status, 200);
  assert.equal(await waitForUse(app, requests, (used) => used > 0), 1);
});

test("a caller who stops reading and keeps the connection does not keep what is reserved", async () => {
  const text = "x".repeat(100_000);
  await using cloud = await startFakeCloud(async (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const frame = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`;
    const closed = once(response, "close");
    while (!response.destroyed) if (!response.write(frame)) await Promise.race([once(response, "drain"), closed]);
  });
  await using app = await startTestRouter({ providers: [cloud.provider()], limits: { idleTimeoutMs: 500 } });
  const running = await setLimit(app, { measure: "concurrency", amount: 1 });
  const tokens = await setLimit(app, { measure: "tokens", window: "day", amount: 1_000_000_000 });
  const body = JSON.stringify({ ...hello, stream: true });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: router\r\nauthorization: Bearer ${app.key}\r\ncontent-length: ${body.length}`;
  const unread = connect(Number(new URL(app.url).port), "127.0.0.1").pause();
  const arrived = cloud.nextRequest();
  unread.write(`${head}\r\ncontent-type: application/json\r\n\r\n${body}`);
  await (
    await arrived
  ).left;
  assert.equal(await waitForUse(app, running, (used) => used === 0), 0);
  assert.ok((await waitForUse(app, tokens, (used) => used > 0)) > 0, "what came is counted");
  assert.equal(unread.destroyed, false);
  unread.destroy();
});
