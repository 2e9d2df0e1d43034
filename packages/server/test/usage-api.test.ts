// Usage and prices as people ask for them: over HTTP, of requests that were answered a moment ago.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { UsageAnswer, UsageRecordView } from "@auxot/wire/operations/usage";
import { answerOpenai, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, someUsage } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["a", "b"]));
  app = await startTestRouter({ providers: [cloud.provider()] });
  await post("/api/prices", {
    model: "cloud-model",
    provider: cloud.provider().name,
    inputMicroUsd: 1_000_000_000,
    outputMicroUsd: 2_000_000_000,
    effectiveFrom: "2026-01-01T00:00:00Z",
  });
  await post("/api/price-comparisons", { model: "fake-*", cloudModel: "claude-sonnet-4-5" });
  using worker = await connectFakeWorker(app);
  const local = ask({ model: "fake-model" });
  (await worker.nextJob()).answer("fine");
  await local;
  await ask({ model: "cloud-model" }, { "x-auxot-tags": "b,a" });
  await ask({ model: "=cmd|' /C calc'!A0" });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

async function post(path: string, body: object): Promise<void> {
  const response = await app.post(path, body);
  assert.equal(response.status, 200, await response.text());
}

async function ask(more: object, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const body = { max_tokens: 5, messages: [{ role: "user", content: "Hi" }], ...more };
  await (await app.post("/v1/chat/completions", body, { headers })).text();
}

/** Once the batch is written. */
async function readAll(): Promise<readonly UsageRecordView[]> {
  for (;;) {
    const response = await app.get("/api/usage/records?sort=at");
    const { items } = (await response.json()) as { readonly items: readonly UsageRecordView[] };
    if (items.length === 3) return items;
  }
}

test("each request is there with its money a moment later, and the sums are theirs", async () => {
  const [local, paid, wrong] = await readAll();
  // 11 tokens in, 2 out, as the fake cloud says.
  assert.partialDeepStrictEqual(paid, {
    tier: "cloud",
    costMicroUsd: 11_000 + 4000,
    savedMicroUsd: null,
    tags: ["a", "b"],
  });
  assert.partialDeepStrictEqual(local, { tier: "gpu", costMicroUsd: 0, inputTokens: someUsage.inputTokens });
  assert.ok(Number(local?.savedMicroUsd) > 0);
  assert.partialDeepStrictEqual(wrong, { outcome: "error", status: 404, model: null, costMicroUsd: 0 });
  const response = await app.get("/api/usage?groupBy=tier&bucket=hour");
  const answer = (await response.json()) as UsageAnswer;
  assert.partialDeepStrictEqual(answer.totals, {
    requests: 3,
    failedRequests: 1,
    costMicroUsd: 15_000,
    savedMicroUsd: local?.savedMicroUsd,
    unpricedRequests: 0,
  });
  assert.deepEqual(
    answer.groups.map(({ group, requests }) => [group["tier"], requests]),
    [
      ["cloud", 1],
      ["gpu", 1],
      [null, 1],
    ],
  );
});

test("an export is a file of every record, in which no text is a formula", async () => {
  await readAll();
  const csv = await app.get("/api/usage/export?format=csv");
  assert.match(csv.headers.get("content-disposition") ?? "", /filename="usage.csv"/);
  const lines = (await csv.text()).trimEnd().split("\r\n");
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? "", /^id,at,keyId/);
  assert.match(lines[3] ?? "", /,'=cmd\|' \/C calc'!A0,/);
  const json = await app.get("/api/usage/export?format=json&tier=cloud");
  const records = (await json.json()) as readonly UsageRecordView[];
  assert.deepEqual(
    records.map(({ model }) => model),
    ["cloud-model"],
  );
  const none = await app.get("/api/usage/export?format=json&model=none");
  assert.deepEqual(await none.json(), []);
});

test("an export that cannot be is refused before its first byte", async () => {
  const bad = await app.get("/api/usage/export?format=xlsx&from=yesterday");
  assert.equal(bad.status, 400);
  const problem = (await bad.json()) as { readonly errors: readonly { readonly path: string }[] };
  assert.deepEqual(problem.errors.map(({ path }) => path).toSorted(), ["format", "from"]);
  const created = await app.post("/api/keys", { name: "app" });
  const { key } = (await created.json()) as { readonly key: string };
  for (const path of ["/api/usage/export", "/api/usage", "/api/usage/records"]) {
    assert.equal((await app.get(path, { key })).status, 403, path);
    assert.equal((await app.get(path, { key: null })).status, 401, path);
  }
  assert.equal((await app.post("/api/usage/export", {})).status, 405);
});
