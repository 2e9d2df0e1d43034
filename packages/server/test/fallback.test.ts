import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOpenai, openaiStream, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const hello = { model: "auto", messages: [{ role: "user", content: "Hi" }] };

test("falls back to cloud when the worker dies before the first token, and the caller sees nothing of it", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["From ", "the cloud."]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using worker = await connectFakeWorker(app);
  for (const stream of [true, false]) {
    using dying = stream ? worker : await connectFakeWorker(app);
    const answer = app.post("/v1/chat/completions", { ...hello, stream });
    const job = await dying.nextJob();
    job.send({ type: "start" }, { type: "text-start", index: 0 });
    dying.kill();
    const response = await answer;
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("x-auxot-route"), "tier=cloud; provider=cloud; model=cloud-model; tries=2");
    assert.match(await response.text(), stream ? /the cloud\..*\[DONE\]\n\n$/s : /From the cloud\./);
  }
});

test("falls back even after half an answer when nothing of it was sent, because it is not streamed", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["whole"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using worker = await connectFakeWorker(app);
  const answer = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  worker.kill();
  const body = (await (await answer).json()) as { choices: { message: { content: string } }[] };
  assert.equal(body.choices[0]?.message.content, "whole");
});

test("a worker that dies after the first token gives an error in the stream, never a clean end", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["unused"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  for (const path of ["/v1/chat/completions", "/v1/messages"]) {
    using worker = await connectFakeWorker(app);
    const response = await postAndStart(path, worker, app);
    worker.kill();
    const text = await response.text();
    assert.match(text, /half/);
    assert.match(text, /worker was lost/);
    assert.doesNotMatch(text, /\[DONE\]|message_stop|finish_reason":"/);
  }
  assert.equal(cloud.requests.length, 0);
});

async function postAndStart(
  path: string,
  worker: Awaited<ReturnType<typeof connectFakeWorker>>,
  app: Awaited<ReturnType<typeof startTestRouter>>,
): Promise<Response> {
  const answer = app.post(path, { ...hello, max_tokens: 5, stream: true });
  const job = await worker.nextJob();
  job.send({ type: "start" }, { type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  return answer;
}

test("a cloud stream that breaks off gives an error in the stream on both lanes", async () => {
  const whole = openaiStream("cloud-model", ["one ", "two ", "three"]);
  await using cloud = await startFakeCloud((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(whole.slice(0, whole.indexOf("two")), () => response.destroy());
  });
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  for (const path of ["/v1/chat/completions", "/v1/messages"]) {
    const text = await (await app.post(path, { ...hello, max_tokens: 5, stream: true })).text();
    assert.match(text, /one /);
    assert.match(text, /"error"/);
    assert.doesNotMatch(text, /\[DONE\]|message_stop/);
  }
});

test("moves on when the cloud fails, and tells the last failure when nothing is left", async () => {
  await using bad = await startFakeCloud((_request, response) => void response.writeHead(500).end("<html>oops</html>"));
  await using good = await startFakeCloud(answerOpenai(["fine"]));
  await using app = await startTestRouter({
    providers: [
      bad.provider({ name: "bad", models: ["shared", "only-bad"] }),
      good.provider({ name: "good", models: ["shared"] }),
    ],
  });
  const moved = await app.post("/v1/chat/completions", { ...hello, model: "shared" });
  assert.match(moved.headers.get("x-auxot-route") ?? "", /provider=good/);
  const failed = await app.post("/v1/messages", { ...hello, model: "only-bad", max_tokens: 5 });
  assert.equal(failed.status, 502);
  assert.equal(((await failed.json()) as { error: { type: string } }).error.type, "api_error");
});

test("an upstream that refuses our credential is a 502, never the caller's 401, and the credential is not shown", async () => {
  await using cloud = await startFakeCloud(
    (_request, response) =>
      void response
        .writeHead(401, { "content-type": "application/json" })
        .end(JSON.stringify({ error: { message: "Incorrect API key sk-upstream-secret" } })),
  );
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const response = await app.post("/v1/chat/completions", hello);
  assert.equal(response.status, 502);
  assert.doesNotMatch(await response.text(), /sk-upstream-secret/);
  assert.equal(cloud.requests[0]?.headers.authorization, "Bearer sk-upstream-secret");
  assert.doesNotMatch(JSON.stringify(app.log), /sk-upstream-secret/);
});

test("a rate limit rests the provider for as long as it asked, and is told with retry-after", async () => {
  await using cloud = await startFakeCloud(
    (_request, response) => void response.writeHead(429, { "retry-after": "7" }).end("{}"),
  );
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const first = await app.post("/v1/chat/completions", hello);
  assert.equal(first.status, 429);
  assert.equal(first.headers.get("retry-after"), "7");
  const second = await app.post("/v1/chat/completions", hello);
  assert.equal(second.status, 503);
  assert.equal(cloud.requests.length, 1, "a resting provider is not asked");
});

test("an upstream's refusal of the request itself is passed on and not tried elsewhere", async () => {
  await using cloud = await startFakeCloud(
    (_request, response) =>
      void response
        .writeHead(400, { "content-type": "application/json" })
        .end(JSON.stringify({ error: { message: "temperature is too high", param: "temperature" } })),
  );
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const response = await app.post("/v1/chat/completions", hello);
  assert.equal(response.status, 400);
  const { error } = (await response.json()) as { error: { message: string; param: string } };
  assert.match(error.message, /temperature is too high/);
  assert.equal(error.param, "temperature");
  assert.equal(cloud.requests.length, 1);
});

test("a source that gives no token in time is left for the next", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["rescued"]));
  await using app = await startTestRouter({ providers: [cloud.provider()], limits: { firstTokenTimeoutMs: 50 } });
  using worker = await connectFakeWorker(app, { offers: [fakeOffer] });
  const answer = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const response = await answer;
  assert.match(response.headers.get("x-auxot-route") ?? "", /provider=cloud/);
  await job.cancelled;
});

test("a source that falls silent in the middle ends with an error in the stream", async () => {
  await using app = await startTestRouter({ limits: { idleTimeoutMs: 50 } });
  using worker = await connectFakeWorker(app);
  const response = await postAndStart("/v1/messages", worker, app);
  const text = await response.text();
  assert.match(text, /event: error/);
  assert.match(text, /fell silent/);
});

test("the wait for a slot does not count as silence of the source", async () => {
  await using app = await startTestRouter({ limits: { firstTokenTimeoutMs: 200, queueWaitMs: 10_000 } });
  using worker = await connectFakeWorker(app);
  const first = app.post("/v1/chat/completions", { ...hello, stream: true });
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "begun" });
  await first;
  const startedAt = performance.now();
  const second = app.post("/v1/chat/completions", hello);
  while (performance.now() - startedAt < 300) await app.get("/api/health");
  job.done({ code: "source_failed", message: "over" });
  (await worker.nextJob()).answer("in time");
  const response = await second;
  assert.equal(response.status, 200);
  assert.match(response.headers.get("x-auxot-route") ?? "", /tries=1$/);
});

test("a cloud that hangs is rested like one that fails", async () => {
  await using cloud = await startFakeCloud(() => undefined);
  await using app = await startTestRouter({ providers: [cloud.provider()], limits: { firstTokenTimeoutMs: 30 } });
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++)
    statuses.push((await app.post("/v1/chat/completions", { ...hello, stream: true })).status);
  assert.deepEqual(statuses, [504, 504, 503]);
  assert.equal(cloud.requests.length, 3, "a resting provider is not asked");
});

test("a whole answer of a cloud may take longer than a first token", async () => {
  await using cloud = await startFakeCloud(async (request, response) => {
    for (const startedAt = performance.now(); performance.now() - startedAt < 100;) await app.get("/api/health");
    await answerOpenai(["at last"])(request, response);
  });
  await using app = await startTestRouter({ providers: [cloud.provider()], limits: { firstTokenTimeoutMs: 30 } });
  const response = await app.post("/v1/chat/completions", hello);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /at last/);
});

test("a caller who stops reading frees the slot, and the source is not blamed", async () => {
  await using app = await startTestRouter({ limits: { idleTimeoutMs: 150 } });
  using worker = await connectFakeWorker(app);
  const answer = app.post("/v1/chat/completions", { ...hello, stream: true });
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "x".repeat(30_000_000) });
  const response = await answer;
  await job.cancelled;
  const text = await response.text();
  assert.match(text.slice(-300), /caller took nothing/);
  assert.doesNotMatch(text.slice(-300), /\[DONE\]/);
});

test("cloud providers are asked in the order of the configuration", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["fine"]));
  const providers = ["zeta", "alpha"].map((name) => cloud.provider({ name, models: ["shared"] }));
  await using app = await startTestRouter({ providers });
  const response = await app.post("/v1/chat/completions", { ...hello, model: "shared" });
  assert.match(response.headers.get("x-auxot-route") ?? "", /provider=zeta/);
});

test("an answer that makes no sense as a whole counts as the source's failure", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["whole"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using worker = await connectFakeWorker(app);
  const answer = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  job.send({ type: "text-delta", index: 3, text: "from nowhere" }, { type: "end", stopReason: "stop" });
  job.done();
  const response = await answer;
  assert.match(response.headers.get("x-auxot-route") ?? "", /provider=cloud/);
  assert.match(await response.text(), /whole/);
});
