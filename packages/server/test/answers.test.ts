import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeclaredProvider } from "../src/records/providers/providers.ts";
import { answerOpenai, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const hello = { model: "auto", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };

const surfaces = [
  { path: "/v1/chat/completions", body: hello },
  { path: "/v1/responses", body: { model: "auto", input: "Hi" } },
  { path: "/v1/messages", body: hello },
];

function failWith(status: number, error: object, headers: Record<string, string> = {}): FakeCloud["answer"] {
  return (_request, response) =>
    void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify({ error }));
}

/** A stream that begins, says it is overloaded before any content, and ends. */
const overloadedStream: FakeCloud["answer"] = (_request, response) => {
  const start = { type: "message_start", message: { model: "m", usage: { input_tokens: 1, output_tokens: 1 } } };
  const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end([start, error].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
};

test("an upstream that begins a stream only to say it is overloaded is an HTTP error on every surface, not a 200", async () => {
  await using cloud = await startFakeCloud(overloadedStream);
  const dialect = "anthropic-messages";
  const providers = surfaces.map(({ path }) => cloud.provider({ name: path, dialect, models: [path] }));
  await using app = await startTestRouter({ providers });
  for (const { path, body } of surfaces) {
    const response = await app.post(path, { ...body, model: path, stream: true });
    assert.equal(response.status, 503, path);
    assert.match(response.headers.get("content-type") ?? "", /application\/json/);
    const { error } = (await response.json()) as { error: { message: string } };
    assert.match(error.message, /Overloaded/);
  }
});

test("the next source answers when the first begins a stream only to say it is overloaded", async () => {
  await using busy = await startFakeCloud(overloadedStream);
  await using fine = await startFakeCloud(answerOpenai(["fine"]));
  await using app = await startTestRouter({
    providers: [
      busy.provider({ name: "busy", dialect: "anthropic-messages", models: ["shared"] }),
      fine.provider({ name: "fine", models: ["shared"] }),
    ],
  });
  for (const { path, body } of surfaces) {
    const response = await app.post(path, { ...body, model: "shared", stream: true });
    assert.match(response.headers.get("x-auxot-route") ?? "", /provider=fine/);
    assert.match(await response.text(), /fine/);
  }
});

test("a silent stream is pinged in each surface's own way", async () => {
  await using app = await startTestRouter({ streamPingEveryMs: 5 });
  using worker = await connectFakeWorker(app);
  const pings = [": ping\n\n", ": ping\n\n", 'event: ping\ndata: {"type":"ping"}\n\n'];
  for (const [at, { path, body }] of surfaces.entries()) {
    const answer = app.post(path, { ...body, stream: true });
    const job = await worker.nextJob();
    job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
    const reader = (await answer).body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes(pings[at] ?? "-")) text += (await reader?.read())?.value ?? assert.fail("the stream ended");
    job.done({ code: "source_failed", message: "over" });
    await reader?.cancel();
  }
});

test("the request id is the same in both headers, in Anthropic's error body and in the log", async () => {
  await using app = await startTestRouter();
  const response = await app.post("/v1/messages", { ...hello, messages: [] });
  const id = response.headers.get("x-request-id");
  assert.equal(response.headers.get("request-id"), id);
  assert.equal(((await response.json()) as { request_id: string }).request_id, id);
  assert.ok(app.log.some((line) => line["requestId"] === id));
});

test("a wait is told in whole seconds, however the upstream said it", async () => {
  const waits: [Record<string, string>, string][] = [
    [{ "retry-after": "7" }, "7"],
    [{ "retry-after-ms": "1200" }, "2"],
    [{ "x-ms-retry-after-ms": "300" }, "1"],
  ];
  const cases = waits.flatMap(([headers, seconds]) => surfaces.map((surface) => ({ headers, seconds, ...surface })));
  await using cloud = await startFakeCloud((request, response) => {
    const { model } = JSON.parse(request.body) as { readonly model: string };
    return failWith(429, { message: "slow down" }, cases[Number(model)]?.headers)(request, response);
  });
  // A provider that was told to wait rests, so each case has its own.
  const providers = cases.map((_, at) => cloud.provider({ name: `p${at}`, models: [String(at)] }));
  await using app = await startTestRouter({ providers });
  for (const [at, { seconds, path, body }] of cases.entries()) {
    const response = await app.post(path, { ...body, model: String(at) });
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), seconds);
  }
});

function offerContext(cloud: FakeCloud, name: string, contextTokens: number): DeclaredProvider {
  const provider = cloud.provider({ name });
  assert.ok(provider.cloud);
  return { ...provider, cloud: { ...provider.cloud, models: [{ id: "shared", aliases: [], contextTokens }] } };
}

test("a prompt too long for a model is not sent to it again, and tried only where the context is larger", async () => {
  const words = { message: "This model's maximum context length is 10 tokens.", code: "context_length_exceeded" };
  await using small = await startFakeCloud(failWith(400, words));
  await using large = await startFakeCloud(answerOpenai(["fits"]));
  await using alone = await startTestRouter({
    providers: [offerContext(small, "small", 10), offerContext(small, "same", 10)],
  });
  const refused = await alone.post("/v1/chat/completions", { ...hello, model: "shared" });
  assert.equal(refused.status, 400);
  assert.equal(((await refused.json()) as { error: { code: string } }).error.code, "context_length_exceeded");
  assert.equal(small.requests.length, 1);
  await using app = await startTestRouter({
    providers: [offerContext(small, "small", 10), offerContext(large, "large", 99)],
  });
  const moved = await app.post("/v1/chat/completions", { ...hello, model: "shared" });
  assert.match(moved.headers.get("x-auxot-route") ?? "", /provider=large.*tries=2/);
});

test("what a vendor's content filter refuses is never taken to another source", async () => {
  const refusals = [
    { message: "The response was filtered due to the prompt triggering our policy.", code: "content_filter" },
    {
      message: "Your request was rejected by the safety system.",
      type: "invalid_request_error",
      code: "content_policy_violation",
    },
    { message: "Output blocked by content filtering policy", type: "invalid_request_error" },
  ];
  await using strict = await startFakeCloud((request, response) => {
    const { model } = JSON.parse(request.body) as { readonly model: string };
    return failWith(400, refusals[Number(model)] ?? {})(request, response);
  });
  await using lenient = await startFakeCloud(answerOpenai(["anything"]));
  const models = [...refusals.keys()].map(String);
  await using app = await startTestRouter({
    providers: [strict.provider({ name: "strict", models }), lenient.provider({ name: "lenient", models })],
  });
  for (const [at, refusal] of refusals.entries()) {
    const response = await app.post("/v1/chat/completions", { ...hello, model: String(at) });
    assert.equal(response.status, 400);
    assert.ok((await response.text()).includes(refusal.message));
  }
  assert.deepEqual([strict.requests.length, lenient.requests.length], [refusals.length, 0]);
});

test("a caller is let in by either header when both are sent, and told 401 only when neither key is good", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "ok" });
  const post = async (headers: Record<string, string>): Promise<number> =>
    (await app.post("/v1/messages", hello, { key: null, headers })).status;
  assert.equal(await post({ "x-api-key": app.key }), 200);
  assert.equal(await post({ authorization: `Bearer ${app.key}`, "x-api-key": "wrong" }), 200);
  assert.equal(await post({ authorization: "Bearer wrong", "x-api-key": app.key }), 200);
  assert.equal(await post({ authorization: "Bearer wrong", "x-api-key": "wrong-too" }), 401);
});

test("one request is tried at most six times over all its sources", async () => {
  await using cloud = await startFakeCloud(failWith(500, { message: "broken" }));
  const providers = Array.from({ length: 5 }, (_, at) => cloud.provider({ name: `p${at}`, models: ["shared"] }));
  await using app = await startTestRouter({ providers });
  assert.equal((await app.post("/v1/chat/completions", { ...hello, model: "shared" })).status, 502);
  assert.equal(cloud.requests.length, 6);
});

test("a caller of a whole answer who leaves closes the connection to the cloud", async () => {
  await using cloud = await startFakeCloud(() => undefined);
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const caller = new AbortController();
  const arrived = cloud.nextRequest();
  const answer = app.post("/v1/messages", hello, { signal: caller.signal });
  answer.catch(() => undefined);
  const request = await arrived;
  caller.abort();
  await request.left;
});

test("every error of the Responses surface has OpenAI's envelope, also before there is a request", async () => {
  await using app = await startTestRouter({ limits: { maxBodyBytes: 100 } });
  const body = { model: "auto", input: "Hi" };
  const errors: [Response, number][] = [
    [await app.post("/v1/responses", body, { key: null }), 401],
    [await app.post("/v1/responses", body, { key: "wrong" }), 401],
    [await app.post("/v1/responses", "{oops"), 400],
    [await app.post("/v1/responses", { ...body, input: "x".repeat(200) }), 413],
    [await app.post("/v1/responses", body), 503],
    [await app.get("/v1/responses"), 405],
    [await app.get("/api/openai/v1/nothing"), 404],
  ];
  for (const [response, status] of errors) {
    assert.equal(response.status, status);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
  }
});
