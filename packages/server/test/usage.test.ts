import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, someUsage } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";
import { readUsageRows } from "./harness/usage-rows.ts";

const hello = { model: "auto", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };

test("each request leaves one row, however it ends, and a clean stop loses none", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-usage-"));
  await using cloud = await startFakeCloud(answerOpenai(["a", "b"]));
  {
    await using app = await startTestRouter({ dataDir, providers: [cloud.provider()] });
    using worker = await connectFakeWorker(app);
    const ok = app.post("/v1/messages", { ...hello, stream: true });
    (await worker.nextJob()).answer("fine");
    await (await ok).text();

    const failed = app.post("/v1/chat/completions", { ...hello, model: "fake-model", stream: true });
    const job = await worker.nextJob();
    job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "12345678" });
    const response = await failed;
    job.done({ code: "source_failed", message: "broke" });
    await response.text();

    await app.post("/v1/chat/completions", { ...hello, model: "nothing-like-it" });

    const caller = new AbortController();
    const left = app.post("/v1/chat/completions", { ...hello, model: "fake-model" }, { signal: caller.signal });
    const abandoned = await worker.nextJob();
    caller.abort();
    await assert.rejects(left);
    await abandoned.cancelled;
    abandoned.done();

    const headers = { "x-auxot-tags": "team-b, env=prod", "user-agent": "OpenAI/JS 7.57.0" };
    const tagged = { ...hello, model: "cloud-model", stream: true };
    await (await app.post("/v1/chat/completions", tagged, { headers })).text();

    cloud.answer = (_request, refusal) => void refusal.writeHead(422).end('{"error":{"message":"no"}}');
    assert.equal((await app.post("/v1/chat/completions", { ...hello, model: "cloud-model" })).status, 422);
  }
  const rows = await readUsageRows(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  const shown = rows.map((row) => [
    row["outcome"],
    row["status"],
    row["tier"],
    row["model"],
    row["requested_model"],
    Number(row["input_tokens"]),
    Number(row["output_tokens"]),
  ]);
  assert.deepEqual(shown, [
    ["ok", 200, "gpu", "fake-model", "auto", someUsage.inputTokens, someUsage.outputTokens],
    ["error", 200, "gpu", "fake-model", "fake-model", 0, 2],
    ["error", 404, null, null, "nothing-like-it", 0, 0],
    ["cancelled", 499, "gpu", "fake-model", "fake-model", 0, 0],
    ["ok", 200, "cloud", "cloud-model", "cloud-model", 11, 2],
    ["error", 422, "cloud", "cloud-model", "cloud-model", 0, 0],
  ]);
  assert.equal(rows[0]?.["cached_tokens"] ?? rows[0]?.["cached_input_tokens"], someUsage.cachedInputTokens);
  assert.equal(rows[1]?.["usage_estimated"], true);
  assert.ok(rows.every((row) => Number(row["total_ms"]) >= 0));
  assert.deepEqual(
    rows.map((row) => row["cost_micro_usd"]),
    // The model of the fake cloud is on nobody's list, so what came of it has no price.
    [0, 0, 0, 0, null, 0],
  );
  assert.deepEqual([rows[4]?.["tags"], rows[4]?.["client"]], [["env=prod", "team-b"], "openai-js"]);
  assert.deepEqual(rows[0]?.["tags"], []);
});

test("tags that are none are refused in the caller's own format, before anything is asked", async () => {
  await using app = await startTestRouter();
  const headers = { "x-auxot-tags": "fine, not fine" };
  const model = { model: "m", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };
  for (const [path, body, problem] of [
    ["/v1/chat/completions", model, /"param":"x-auxot-tags"/],
    ["/v1/messages", model, /"type":"invalid_request_error"/],
    ["/v1/responses", { model: "m", input: "Hi" }, /"param":"x-auxot-tags"/],
    ["/v1/embeddings", { model: "m", input: "Hi" }, /"param":"x-auxot-tags"/],
    ["/v1/completions", { model: "m", prompt: ["a", "b"] }, /"param":"x-auxot-tags"/],
  ] as const) {
    const response = await app.post(path, body, { headers });
    assert.equal(response.status, 400, path);
    assert.match(await response.text(), problem, path);
  }
});
