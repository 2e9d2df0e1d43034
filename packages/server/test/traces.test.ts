import assert from "node:assert/strict";
import { test } from "node:test";
import { startTelemetry } from "../src/platform/open-telemetry.ts";
import { createSecret } from "../src/platform/secret-text.ts";
import { answerOpenai, openaiStream, startFakeCloud } from "./harness/fake-cloud.ts";
import { startFakeCollector } from "./harness/fake-collector.ts";
import { connectFakeWorker, someUsage } from "./harness/fake-worker.ts";
import { quietLog } from "./harness/quiet-log.ts";
import { startTestRouter, testKey } from "./harness/router.ts";

const prompt = "the words of the prompt";
const hello = { model: "auto", max_tokens: 5, messages: [{ role: "user", content: prompt }] };
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

test("a request is one trace below its caller's: the request, the answer, plan, attempt and stream", async () => {
  await using collector = await startFakeCollector();
  {
    await using app = await startTestRouter({ config: { traces: collector.settings({ attributes: { zone: "b" } }) } });
    using _worker = await connectFakeWorker(app, { replies: "words of the answer" });
    const headers = { traceparent, tracestate: "vendor=1" };
    const asked = app.post("/v1/messages", { ...hello, model: "fake", stream: true }, { headers });
    assert.match(await (await asked).text(), /answer/);
    const line = app.log.find((each) => each["message"] === "request" && each["path"] === "/v1/messages");
    assert.equal(line?.["traceId"], traceId);
  }
  const request = collector.spans.find(({ parentId }) => parentId === "00f067aa0ba902b7");
  assert.equal(request?.name, "POST /v1/messages");
  assert.equal(request.kind, "server");
  assert.equal(request.traceState, "vendor=1");
  assert.deepEqual(request.attributes, {
    "http.request.method": "POST",
    "http.route": "/v1/messages",
    "http.response.status_code": 200,
  });
  assert.equal(request.resource["service.name"], "auxot");
  assert.equal(request.resource["zone"], "b");

  const [answer, ...others] = collector.below(request);
  assert.deepEqual(others, []);
  assert.equal(answer?.name, "chat fake");
  const { "auxot.request.id": requestId, "auxot.key.id": keyId, ...attributes } = answer.attributes;
  assert.match(String(requestId), /^req_/);
  assert.match(String(keyId), /^key_/);
  assert.ok(Number(attributes["gen_ai.response.time_to_first_chunk"]) >= 0);
  assert.deepEqual(attributes, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "auxot",
    "gen_ai.request.model": "fake",
    "gen_ai.response.model": "fake-model",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.response.time_to_first_chunk": attributes["gen_ai.response.time_to_first_chunk"],
    "gen_ai.usage.input_tokens": someUsage.inputTokens,
    "gen_ai.usage.output_tokens": someUsage.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": someUsage.cachedInputTokens,
    "gen_ai.usage.cache_creation.input_tokens": 0,
    "gen_ai.usage.reasoning.output_tokens": 0,
    "auxot.usage.estimated": false,
    "auxot.format": "anthropic-messages",
    "auxot.stream": true,
    "auxot.provider": "gpu",
    "auxot.tier": "gpu",
    "auxot.worker": "fake-worker",
    "auxot.attempts": 1,
    "auxot.outcome": "ok",
  });
  const parts = collector.below(answer);
  assert.deepEqual(
    parts.map(({ name, kind }) => [name, kind]),
    [
      ["plan", "internal"],
      ["attempt gpu", "client"],
      ["stream", "internal"],
    ],
  );
  assert.deepEqual(parts[0]?.attributes, { "auxot.plan.offers": ["gpu/fake-model: free"] });
  assert.equal(parts[1]?.attributes["gen_ai.response.model"], "fake-model");
  assert.equal(collector.spans.length, 5);
  for (const span of collector.spans) {
    assert.equal(span.traceId, traceId);
    assert.equal(span.failed, false);
    assert.ok(span.endedAt >= span.startedAt, span.name);
  }
  const sent = Buffer.concat(collector.requests.map(({ body }) => body)).toString("latin1");
  for (const word of [prompt, "words of the answer", testKey, "Bearer"]) assert.ok(!sent.includes(word), word);
});

test("a failover is two attempts in one trace, and each cloud provider is told which one it is when that is wanted", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["From ", "the cloud."]));
  await using collector = await startFakeCollector();
  {
    const traces = collector.settings({ handOn: true });
    await using app = await startTestRouter({ providers: [cloud.provider()], config: { traces } });
    using worker = await connectFakeWorker(app);
    const answer = app.post("/v1/chat/completions", hello, { headers: { traceparent, tracestate: "vendor=1" } });
    await worker.nextJob();
    worker.kill();
    assert.equal((await answer).status, 200);
  }
  const answer = collector.spans.find(({ name }) => name === "chat auto");
  const parts = collector.below(answer);
  assert.deepEqual(
    parts.map(({ name, failed }) => [name, failed]),
    [
      ["plan", false],
      ["attempt gpu", true],
      ["plan", false],
      ["attempt cloud", false],
    ],
  );
  assert.equal(parts[1]?.attributes["error.type"], "worker_lost");
  assert.equal(answer?.attributes["auxot.attempts"], 2);
  assert.equal(answer.attributes["gen_ai.provider.name"], "openai");
  assert.equal(answer.failed, false);
  const { headers } = cloud.requests[0] ?? {};
  assert.equal(headers?.["traceparent"], `00-${traceId}-${parts[3]?.spanId}-01`);
  assert.equal(headers?.["tracestate"], "vendor=1");
});

test("cloud providers are told nothing of traces unless that is wanted", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["fine"]));
  await using collector = await startFakeCollector();
  await using app = await startTestRouter({
    providers: [cloud.provider()],
    config: { traces: collector.settings() },
  });
  await app.post("/v1/chat/completions", hello, { headers: { traceparent } });
  assert.equal(cloud.requests[0]?.headers["traceparent"], undefined);
});

test("an error in the middle of a stream is told of the answer and its stream, by its code alone", async () => {
  const whole = openaiStream("cloud-model", ["one ", "two ", "three"]);
  await using cloud = await startFakeCloud((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(whole.slice(0, whole.indexOf("two")), () => response.destroy());
  });
  await using collector = await startFakeCollector();
  {
    await using app = await startTestRouter({
      providers: [cloud.provider()],
      config: { traces: collector.settings() },
    });
    await (await app.post("/v1/chat/completions", { ...hello, stream: true })).text();
    assert.equal((await app.post("/v1/chat/completions", { ...hello, model: "nothing-like-it" })).status, 404);
  }
  const [answer, refused] = collector.spans.filter(({ name }) => name.startsWith("chat "));
  assert.equal(answer?.attributes["error.type"], "source_failed");
  assert.equal(answer.failed, true);
  assert.equal(answer.attributes["gen_ai.response.model"], "cloud-model");
  assert.equal(collector.below(answer).at(-1)?.attributes["error.type"], "source_failed");
  assert.equal(refused?.attributes["error.type"], "model_not_found");
  assert.deepEqual(
    collector.below(refused).map(({ name, attributes }) => [name, attributes]),
    [["plan", { "error.type": "model_not_found" }]],
  );
  const requests = collector.spans.filter(({ kind }) => kind === "server");
  assert.deepEqual(
    requests.map(({ attributes, failed }) => [attributes["http.response.status_code"], failed]),
    [
      [200, false],
      [404, false],
    ],
  );
});

test("every answer has its own span: several prompts, embeddings, what runs in the background", async () => {
  await using collector = await startFakeCollector();
  {
    await using app = await startTestRouter({ config: { traces: collector.settings() } });
    using _worker = await connectFakeWorker(app, { replies: "fine" });
    const prompts = { model: "fake-model", prompt: ["one", "two"] };
    assert.equal((await app.post("/v1/completions", prompts)).status, 200);
    const asked = await app.post("/v1/responses", { model: "fake-model", input: "Hi", background: true });
    const { id } = (await asked.json()) as { id: string };
    for (let status = ""; status !== "completed";) {
      ({ status } = (await (await app.get(`/v1/responses/${id}`)).json()) as { status: string });
    }
    await app.post("/v1/embeddings", { model: "fake-model", input: "one" });
  }
  const listBelow = (name: string): string[] =>
    collector.below(collector.spans.find((span) => span.name === name)).map((span) => span.name);
  assert.deepEqual(listBelow("POST /v1/completions"), ["text_completion fake-model", "text_completion fake-model"]);
  assert.deepEqual(listBelow("POST /v1/responses"), ["chat fake-model"]);
  assert.deepEqual(listBelow("POST /v1/embeddings"), ["embeddings fake-model"]);
  assert.ok(collector.spans.some(({ name }) => name === "GET /v1/responses/{id}"));
});

test("what the caller's traceparent says of sampling counts, then the share; probes are never traced", async () => {
  await using collector = await startFakeCollector();
  {
    await using app = await startTestRouter({ config: { traces: collector.settings({ sampleShare: 0 }) } });
    using _worker = await connectFakeWorker(app, { replies: "fine" });
    const ask = (headers: Record<string, string>) => app.post("/v1/chat/completions", hello, { headers });
    await ask({});
    await ask({ traceparent: traceparent.replace(/01$/, "00") });
    await ask({ traceparent: "00-00000000000000000000000000000000-00f067aa0ba902b7-01" });
    await ask({ traceparent: "nonsense" });
    await app.get("/api/health");
    await app.get("/metrics");
    await ask({ traceparent });
  }
  assert.deepEqual([...new Set(collector.spans.map((span) => span.traceId))], [traceId]);
  assert.equal(collector.spans.filter(({ kind }) => kind === "server").length, 1);
});

test("the collector gets its headers, which no log shows", async () => {
  await using collector = await startFakeCollector();
  let lines = "";
  {
    const headers = { "x-collector-key": createSecret("collector-secret") };
    await using app = await startTestRouter({ config: { traces: collector.settings({ headers }) } });
    await app.get("/v1/models");
    await app.router.stop();
    lines = JSON.stringify(app.log);
  }
  assert.equal(collector.requests[0]?.headers["x-collector-key"], "collector-secret");
  assert.equal(collector.requests[0]?.headers["content-type"], "application/x-protobuf");
  assert.equal(collector.requests[0]?.path, "/v1/traces");
  assert.doesNotMatch(lines, /collector-secret/);
});

test("a collector that refuses or is away harms no request, and is told of", async () => {
  await using refusing = await startFakeCollector();
  refusing.status = 400;
  const away = { ...refusing.settings(), url: "http://127.0.0.1:1/v1/traces" };
  for (const traces of [refusing.settings(), away]) {
    await using app = await startTestRouter({ config: { traces } });
    using _worker = await connectFakeWorker(app, { replies: "fine" });
    for (let at = 0; at < 5; at++) assert.equal((await app.post("/v1/chat/completions", hello)).status, 200);
    await app.router.stop();
    const told = app.log.filter(({ message }) => String(message).includes("takes no spans"));
    if (traces !== away) assert.equal(told.length, 1);
    assert.doesNotMatch(JSON.stringify(told), new RegExp(prompt));
  }
});

const untraced = { traceparent: undefined, tracestate: undefined };

test("a burst of spans arrives whole, one batch behind the other", async () => {
  await using collector = await startFakeCollector();
  const telemetry = startTelemetry(collector.settings(), "1.0.0", quietLog);
  for (let count = 0; count < 1500; count++) telemetry.startRequest("GET /", untraced, {})?.end();
  await telemetry.close();
  assert.deepEqual([collector.spans.length, collector.requests.length, telemetry.lost()], [1500, 3, 0]);
});
