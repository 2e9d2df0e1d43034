import assert from "node:assert/strict";
import { test } from "node:test";
import { metricList } from "../src/observe/metric-list.ts";
import { createSecret } from "../src/platform/secret-text.ts";
import { answerOpenai, openaiStream, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, embedOffer, fakeOffer, someUsage } from "./harness/fake-worker.ts";
import { parseMetrics, sumOf, type Family } from "./harness/prometheus-text.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const hello = { model: "auto", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
const gpu = { model: "fake-model", provider: "gpu", tier: "gpu" };
const cloudModel = { model: "cloud-model", provider: "cloud", tier: "cloud" };

async function scrape(app: TestRouter): Promise<Map<string, Family>> {
  const response = await app.get("/metrics");
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  return parseMetrics(await response.text());
}

/** What was added to a series between two scrapes. */
function compare(before: Map<string, Family>, after: Map<string, Family>) {
  return (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    sumOf(after, `auxot_${name}`, labels) - sumOf(before, `auxot_${name}`, labels);
}

test("needs an admin key or the token, and says so", async () => {
  const token = createSecret("a-token-only-prometheus-has");
  await using app = await startTestRouter({ config: { metrics: { access: "key", token } } });
  const created = (await (await app.post("/api/keys", { name: "app" })).json()) as { key: string };

  assert.equal((await app.get("/metrics", { key: null })).status, 401);
  assert.equal((await app.get("/metrics", { key: "a-token-only-prometheus-hat" })).status, 401);
  const refused = await app.get("/metrics", { key: created.key });
  assert.equal(refused.status, 403);
  assert.match(((await refused.json()) as { detail: string }).detail, /"metrics\.read": it needs the role admin/);
  assert.equal((await app.get("/metrics")).status, 200);
  assert.equal((await app.get("/metrics", { key: token.reveal() })).status, 200);
  assert.equal((await app.get("/v1/models", { key: token.reveal() })).status, 401, "the token opens nothing else");
  assert.equal((await app.post("/metrics", {})).status, 405);
});

test("is open to anybody, or not there at all, when the configuration says so", async () => {
  await using open = await startTestRouter({ config: { metrics: { access: "open" } } });
  assert.equal((await open.get("/metrics", { key: null })).status, 200);
  await using off = await startTestRouter({ config: { metrics: { access: "off" } } });
  assert.equal((await off.get("/metrics")).status, 404);
  using _worker = await connectFakeWorker(off, { replies: "fine" });
  assert.equal((await off.post("/v1/chat/completions", hello)).status, 200);
});

test("shows every metric of the list, and those of the process", async () => {
  await using app = await startTestRouter();
  const families = await scrape(app);
  for (const { name, type, help } of Object.values(metricList)) {
    assert.equal(families.get(name)?.type, type, name);
    assert.equal(families.get(name)?.help, help, name);
  }
  for (const name of [
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "nodejs_eventloop_lag_p99_seconds",
  ]) {
    assert.ok(families.has(name), name);
  }
  assert.equal(sumOf(families, "auxot_build_info", { node: process.version }), 1);
  assert.equal(sumOf(families, "auxot_database_up"), 1);
});

test("counts a good answer by its model, with its tokens", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "a few words" });
  const before = await scrape(app);
  await (await app.post("/v1/messages", { ...hello, stream: true })).text();
  const added = compare(before, await scrape(app));
  const kind = { format: "anthropic-messages", stream: "true" };
  assert.equal(added("requests_total", { ...kind, outcome: "ok", error: "" }), 1);
  assert.equal(added("requests_total"), 1);
  assert.equal(added("request_duration_seconds_count", { format: "anthropic-messages", tier: "gpu" }), 1);
  assert.equal(added("time_to_first_token_seconds_count", gpu), 1);
  assert.equal(added("model_requests_total", { ...gpu, outcome: "ok" }), 1);
  assert.equal(added("input_tokens_total", gpu), someUsage.inputTokens);
  assert.equal(added("output_tokens_total", gpu), someUsage.outputTokens);
  assert.equal(added("cached_input_tokens_total", gpu), someUsage.cachedInputTokens);
  assert.equal(added("attempts_total", { provider: "gpu", tier: "gpu", result: "ok" }), 1);
  assert.equal(added("queue_wait_seconds_count", { result: "started" }), 1);
  assert.equal(added("http_requests_total", { method: "POST", route: "/v1/messages", status: "200" }), 1);
});

test("counts a failover: the try that failed, and the request once, as good", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["From ", "the cloud."]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using worker = await connectFakeWorker(app);
  const before = await scrape(app);
  const answer = app.post("/v1/chat/completions", hello);
  await worker.nextJob();
  worker.kill();
  assert.equal((await answer).status, 200);
  const after = await scrape(app);
  const added = compare(before, after);
  assert.equal(added("failovers_total", { provider: "gpu", tier: "gpu", error: "worker_lost" }), 1);
  assert.equal(added("attempts_total", { provider: "gpu", result: "worker_lost" }), 1);
  assert.equal(added("attempts_total", { provider: "cloud", result: "ok" }), 1);
  assert.equal(added("requests_total"), 1);
  assert.equal(added("requests_total", { outcome: "ok" }), 1);
  assert.equal(added("model_requests_total", { ...cloudModel, outcome: "ok" }), 1);
  assert.equal(added("time_to_first_token_seconds_count"), 0, "what is not streamed has no first token");
  assert.ok(sumOf(after, "auxot_upstream_connections", { origin: cloud.url }) >= 1);
});

test("counts an error in the middle of a stream as an error, although its status was 200", async () => {
  const whole = openaiStream("cloud-model", ["one ", "two ", "three"]);
  await using cloud = await startFakeCloud((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(whole.slice(0, whole.indexOf("two")), () => response.destroy());
  });
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  const before = await scrape(app);
  await (await app.post("/v1/chat/completions", { ...hello, stream: true })).text();
  const added = compare(before, await scrape(app));
  assert.equal(added("requests_total", { outcome: "error", error: "source_failed" }), 1);
  assert.equal(added("model_requests_total", { ...cloudModel, outcome: "error" }), 1);
  assert.equal(added("attempts_total", { result: "ok" }), 1, "the try had shown content");
  assert.equal(added("http_requests_total", { route: "/v1/chat/completions", status: "200" }), 1);
});

test("counts a caller who left as that, wherever it happened", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const before = await scrape(app);
  const caller = new AbortController();
  const left = app.post("/v1/chat/completions", hello, { signal: caller.signal });
  const job = await worker.nextJob();
  caller.abort();
  await assert.rejects(left);
  await job.cancelled;
  while (!app.log.some((line) => line["message"] === "caller left")) await app.get("/api/health");
  const added = compare(before, await scrape(app));
  assert.equal(added("requests_total", { outcome: "cancelled", error: "cancelled" }), 1);
  assert.equal(added("attempts_total", { provider: "gpu", result: "cancelled" }), 1);
  assert.equal(added("http_requests_total", { route: "/v1/chat/completions", status: "499" }), 1);
  assert.equal(added("failovers_total"), 0);
});

test("shows who waits and who works, and counts the one that waited in vain", async () => {
  await using app = await startTestRouter({ limits: { queueWaitMs: 300 } });
  using worker = await connectFakeWorker(app);
  const before = await scrape(app);
  const served = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const waiting = app.post("/v1/chat/completions", hello);
  let during = await scrape(app);
  while (sumOf(during, "auxot_queue_length") === 0) during = await scrape(app);
  assert.equal(sumOf(during, "auxot_slots", { provider: "gpu", model: "fake-model" }), 1);
  assert.equal(sumOf(during, "auxot_slots_busy", { provider: "gpu", model: "fake-model" }), 1);
  assert.equal(sumOf(during, "auxot_offers", { provider: "gpu", state: "busy" }), 1);
  assert.equal(sumOf(during, "auxot_workers", { provider: "gpu", kind: "gpu", state: "online" }), 1);
  assert.equal(sumOf(during, "auxot_http_requests_running"), 3, "the scrape itself is one");
  assert.equal((await waiting).status, 503);
  job.answer("done");
  await served;
  const after = await scrape(app);
  const added = compare(before, after);
  assert.equal(added("requests_total", { outcome: "error", error: "no_capacity" }), 1);
  assert.equal(added("queue_wait_seconds_count", { result: "refused" }), 1);
  assert.equal(sumOf(after, "auxot_queue_length"), 0);
  assert.equal(sumOf(after, "auxot_slots_busy"), 0);
});

test("shows a provider that rests, and counts its rests", async () => {
  await using cloud = await startFakeCloud(
    (_request, response) => void response.writeHead(429, { "retry-after": "700" }).end("{}"),
  );
  await using app = await startTestRouter({ providers: [cloud.provider({ name: "vendor" })] });
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 429);
  assert.equal((await app.post("/v1/chat/completions", hello)).status, 503);
  const families = await scrape(app);
  assert.equal(sumOf(families, "auxot_provider_rests_total", { provider: "vendor" }), 1);
  assert.equal(sumOf(families, "auxot_offers", { provider: "vendor", state: "resting" }), 1);
  assert.equal(sumOf(families, "auxot_attempts_total", { provider: "vendor", result: "rate_limited" }), 1);
  assert.equal(sumOf(families, "auxot_requests_total", { error: "no_capacity" }), 1);
});

test("counts embeddings, and answers that are kept or made in the background", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, { offers: [fakeOffer, embedOffer] });
  const embedded = app.post("/v1/embeddings", { model: "fake-embed", input: "one" });
  const job = await worker.nextEmbedJob();
  job.send([1, 0, 0, 0]);
  job.done();
  assert.equal((await embedded).status, 200);
  await (await app.post("/v1/responses", { model: "fake-model", input: "Hi", background: true })).json();
  const run = await worker.nextJob();
  const during = await scrape(app);
  assert.equal(sumOf(during, "auxot_requests_total", { format: "openai-embeddings", outcome: "ok" }), 1);
  assert.equal(sumOf(during, "auxot_background_runs"), 1);
  assert.equal(sumOf(during, "auxot_responses_kept_total"), 1);
  run.answer("done");
  while (sumOf(await scrape(app), "auxot_background_runs") > 0);
  const after = await scrape(app);
  assert.equal(sumOf(after, "auxot_requests_total", { format: "openai-responses", outcome: "ok" }), 1);
  assert.equal(sumOf(after, "auxot_responses_kept_total"), 1, "one response, however often it is written");
});

test("has no name that a caller made up, no key and no request in any label", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { replies: "fine" });
  const secret = "made-up-by-a-caller";
  await app.post("/v1/chat/completions", { ...hello, model: secret });
  await app.get(`/v1/models/${secret}`);
  await app.get(`/v1/responses/${secret}`);
  await app.get(`/${secret}`);
  await app.get(`/api/${secret}`);
  await app.post(`/v1/${secret}`, {});
  await app.post("/v1/chat/completions", { ...hello, model: "fake" });
  await fetch(`${app.url}/v1/models`, { method: "PROPFIND" });
  const text = await (await app.get("/metrics")).text();
  const families = parseMetrics(text);
  assert.ok(!text.includes(secret));
  assert.doesNotMatch(text, /req_|key_|axk_|axw_|PROPFIND/);
  assert.ok(!text.includes(app.key));
  assert.equal(sumOf(families, "auxot_http_requests_total", { route: "other" }), 3);
  assert.equal(sumOf(families, "auxot_http_requests_total", { route: "/v1/responses/{id}", status: "404" }), 1);
  assert.equal(sumOf(families, "auxot_model_requests_total", gpu), 1, "an alias counts as its model");
});
