// Many operations at once, and what is repeated of those that only read.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answerOpenai, startFakeCloud, type FakeCloud } from "./harness/fake-cloud.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

type Json = Readonly<Record<string, unknown>>;

let cloud: FakeCloud;
let app: TestRouter;
before(async () => {
  cloud = await startFakeCloud(answerOpenai(["fine"]));
  app = await startTestRouter({ providers: [cloud.provider()] });
});
after(async () => {
  await app[Symbol.asyncDispose]();
  await cloud[Symbol.asyncDispose]();
});

test("a crowd of operations leaves the database free for all others", async () => {
  const signal = AbortSignal.timeout(20_000);
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => app.post("/api/secrets/rotate-key?dryRun=true", {}, { signal })),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal((await app.get("/api/ready", { signal })).status, 200);
});

test("a reading that is audited is audited each time, and its answer is kept nowhere", async () => {
  const headers = { authorization: `Bearer ${app.key}`, "content-type": "application/json" };
  const body = JSON.stringify({ level: "full" });
  await (await fetch(`${app.url}/api/content-logging/org`, { method: "PUT", headers, body })).text();
  const asked = await app.post("/v1/chat/completions", { model: "auto", messages: [{ role: "user", content: "hi" }] });
  await asked.text();
  const path = `/api/request-content/${asked.headers.get("x-request-id")}`;
  let status = 404;
  // Contents are written within a second.
  while (status === 404) ({ status } = await app.get(path));
  const before = await countReadings();
  for (let times = 0; times < 3; times++) {
    assert.equal((await app.get(path, { headers: { "idempotency-key": "the-same" } })).status, 200);
  }
  assert.equal((await countReadings()) - before, 3);
});

async function countReadings(): Promise<number> {
  const found = await app.get("/api/audit?action=request-content.get&outcome=success&limit=200");
  return ((await found.json()) as { readonly items: readonly Json[] }).items.length;
}
