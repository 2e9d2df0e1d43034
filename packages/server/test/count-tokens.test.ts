import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const path = "/v1/messages/count_tokens";
const hello = { model: "auto", messages: [{ role: "user" as const, content: "x".repeat(40) }] };

test("the worker's own tokenizer counts, also while all its slots are busy and for the vendor's own package", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, { counts: 4711 });
  const busy = app.post("/v1/messages", { ...hello, max_tokens: 5 });
  const job = await worker.nextJob();
  const client = new Anthropic({ baseURL: app.url, apiKey: app.key, maxRetries: 0 });
  assert.deepEqual({ ...(await client.messages.countTokens(hello)) }, { input_tokens: 4711 });
  const asked = await worker.nextFrame("tokens-count");
  assert.equal(asked.request.model, "fake-model");
  job.answer("done");
  await busy;
});

test("an Anthropic provider is asked itself, with the caller's own bytes", async () => {
  await using cloud = await startFakeCloud((request, response) => {
    assert.equal(request.path, path);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ input_tokens: 12 }));
  });
  await using app = await startTestRouter({ providers: [cloud.provider({ dialect: "anthropic-messages" })] });
  const body = `{"model":"auto", "zz":1,"messages":[{"role":"user","content":"Hi"}]}`;
  const response = await app.post(`${path}?beta=true`, body, { headers: { "anthropic-beta": "token-counting-1" } });
  assert.deepEqual(await response.json(), { input_tokens: 12 });
  assert.equal(cloud.requests[0]?.body, body.replace('"auto"', '"cloud-model"'));
  assert.equal(cloud.requests[0]?.headers["anthropic-beta"], "token-counting-1");
});

test("where nobody can count, or the worker fails, an estimate is given and marked", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["unused"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using _worker = await connectFakeWorker(app, { counts: { code: "unsupported", message: "cannot" } });
  using _failing = await connectFakeWorker(app, {
    offers: [{ ...fakeOffer, model: "failing", aliases: [] }],
    counts: { code: "source_failed", message: "broke" },
  });
  for (const model of ["cloud-model", "fake-model", "failing"]) {
    const response = await app.post(path, { ...hello, model });
    assert.deepEqual(await response.json(), { input_tokens: 10 }, model);
    assert.match(response.headers.get("x-auxot-warnings") ?? "", /^input_tokens: estimated/, model);
  }
  const short = { model: "cloud-model", messages: [{ role: "user", content: "Hi" }] };
  assert.deepEqual(await (await app.post(path, short)).json(), { input_tokens: 1 }, "never nothing");
  assert.equal(cloud.requests.length, 0);
});

test("a prompt longer than the model's context is counted too, and what is wrong is named", async () => {
  await using app = await startTestRouter();
  using _worker = await connectFakeWorker(app, { counts: 99_999, offers: [{ ...fakeOffer, contextTokens: 10 }] });
  const long = { ...hello, messages: [{ role: "user", content: "x".repeat(4000) }] };
  assert.deepEqual(await (await app.post(path, long)).json(), { input_tokens: 99_999 });
  const cases: readonly (readonly [unknown, number, RegExp])[] = [
    [{ model: "auto" }, 400, /messages/],
    [{ ...hello, model: "nothing-like-it" }, 404, /nothing-like-it/],
    ["{", 400, /JSON/],
  ];
  for (const [body, status, message] of cases) {
    const response = await app.post(path, body);
    assert.equal(response.status, status);
    const { error } = (await response.json()) as { error: { message: string } };
    assert.match(error.message, message);
  }
  assert.equal((await app.post(path, hello, { key: null })).status, 401);
  assert.equal((await app.get(path)).status, 405);
});

test("a worker lost while it counts is answered for by an estimate", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const answer = app.post(path, hello);
  await worker.nextFrame("tokens-count");
  worker.kill();
  assert.match((await answer).headers.get("x-auxot-warnings") ?? "", /estimated/);
});
