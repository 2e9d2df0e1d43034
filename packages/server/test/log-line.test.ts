import assert from "node:assert/strict";
import { test } from "node:test";
import { startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, someUsage } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const hello = { model: "auto", max_tokens: 5, messages: [{ role: "user", content: "the words of the prompt" }] };

function linesOf(app: TestRouter, response: Response): Record<string, unknown>[] {
  const id = response.headers.get("x-request-id");
  return app.log.filter((line) => line["requestId"] === id && line["level"] === "info");
}

test("a request has one line: who asked what, who answered, tokens, times and how it ended", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "words of the answer" });
  for (const stream of [true, false]) {
    const response = await app.post("/v1/messages", { ...hello, model: "fake", stream });
    await response.text();
    const [line, ...others] = linesOf(app, response);
    assert.deepEqual(others, []);
    const { time: _time, requestId: _id, keyId, ms, queueMs, firstTokenMs, ...rest } = line ?? {};
    assert.match(String(keyId), /^key_/);
    for (const each of [ms, queueMs, firstTokenMs]) assert.ok(Number(each) >= 0);
    assert.deepEqual(rest, {
      level: "info",
      message: "request",
      method: "POST",
      path: "/v1/messages",
      format: "anthropic-messages",
      stream,
      keyName: "bootstrap",
      requestedModel: "fake",
      model: "fake-model",
      tier: "gpu",
      provider: "gpu",
      worker: "fake-worker",
      tries: 1,
      usage: someUsage,
      costMicroUsd: 0,
      outcome: "ok",
      status: 200,
      tags: [],
      client: "node",
    });
  }
  assert.doesNotMatch(JSON.stringify(app.log), /words of the/);
});

test("a request that failed says by which code, and one that was never understood too", async () => {
  await using cloud = await startFakeCloud((_request, response) => void response.writeHead(500).end("{}"));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const failed = await app.post("/v1/chat/completions", hello);
  const line = linesOf(app, failed).findLast(({ message }) => message === "request");
  assert.deepEqual([line?.["outcome"], line?.["errorCode"], line?.["status"]], ["error", "source_failed", 502]);
  const refused = await app.post("/v1/chat/completions", { messages: 3 });
  const [other] = linesOf(app, refused);
  assert.deepEqual([other?.["errorCode"], other?.["status"], other?.["outcome"]], ["invalid_request", 400, undefined]);
  const long = await app.post("/v1/chat/completions", { ...hello, model: "m".repeat(100_000) });
  assert.equal(String(linesOf(app, long)[0]?.["requestedModel"]).length, 200);
});

test("several answers in one request have a line each, and the request its own", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "fine" });
  const response = await app.post("/v1/completions", { model: "fake-model", prompt: ["one", "two"] });
  const messages = linesOf(app, response).map(({ message }) => message);
  assert.deepEqual(messages, ["inference", "inference", "request"]);
});
