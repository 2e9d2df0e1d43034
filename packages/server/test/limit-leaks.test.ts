// Ways around a limit that there must not be: names that hide the model, answers nobody waits for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { administer, setLimit } from "./harness/limits.ts";
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
