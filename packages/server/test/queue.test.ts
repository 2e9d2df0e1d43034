import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const hello = { model: "fake-model", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };

test("a request waits for the busy slot and gets it", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const first = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const second = app.post("/v1/chat/completions", hello);
  job.answer("one");
  (await worker.nextJob()).answer("two");
  assert.match(await (await first).text(), /one/);
  assert.match(await (await second).text(), /two/);
});

test("a request that waited too long gets a 503 with retry-after in its own dialect", async () => {
  await using app = await startTestRouter({ limits: { queueWaitMs: 60 } });
  using worker = await connectFakeWorker(app);
  const first = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const openai = await app.post("/v1/chat/completions", hello);
  assert.equal(openai.status, 503);
  assert.equal(openai.headers.get("retry-after"), "2");
  assert.equal(((await openai.json()) as { error: { code: string } }).error.code, "no_capacity");
  const anthropic = await app.post("/v1/messages", hello);
  assert.equal(anthropic.status, 503);
  assert.equal(((await anthropic.json()) as { error: { type: string } }).error.type, "overloaded_error");
  job.answer("done");
  await first;
});

test("with nothing connected and nothing configured it says so at once", async () => {
  await using app = await startTestRouter();
  const response = await app.post("/v1/chat/completions", { ...hello, model: "auto" });
  assert.equal(response.status, 503);
  assert.match(await response.text(), /no worker is connected/);
});

test("a full queue refuses the next request at once", async () => {
  await using app = await startTestRouter({ limits: { maxQueuedRequests: 1 } });
  using worker = await connectFakeWorker(app);
  const first = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const outcomes = [app.post("/v1/chat/completions", hello), app.post("/v1/chat/completions", hello)];
  const refused = await Promise.race(outcomes);
  assert.equal(refused.status, 503);
  assert.match(await refused.text(), /Too many requests are waiting/);
  job.answer("one");
  (await worker.nextJob()).answer("two");
  const statuses = await Promise.all([first, ...outcomes].map(async (answer) => (await answer).status));
  assert.deepEqual(statuses.toSorted(), [200, 200, 503]);
});

test("several jobs run at once, as many as there are slots", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, { offers: [{ ...fakeOffer, slots: 3 }] });
  const answers = [1, 2, 3].map(() => app.post("/v1/chat/completions", hello));
  const jobs = [await worker.nextJob(), await worker.nextJob(), await worker.nextJob()];
  const view = (await (await app.get("/api/workers")).json()) as { items: { models: unknown; state: string }[] };
  assert.deepEqual(view.items[0]?.models, [{ model: "fake-model", slots: 3, busySlots: 3 }]);
  for (const job of jobs.toReversed()) job.answer("ok");
  for (const answer of answers) assert.equal((await answer).status, 200);
});

test("a model whose engine is away for a moment is waited for, not unknown, although a cloud has others", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["unused"]));
  await using app = await startTestRouter({ providers: [cloud.provider()] });
  using worker = await connectFakeWorker(app, { replies: "back again" });
  worker.send({ type: "offers", offers: [] });
  while (((await workersOf(app))[0]?.models.length ?? 0) > 0) await app.get("/api/health");
  const answer = app.post("/v1/chat/completions", hello);
  await app.get("/api/health");
  worker.send({ type: "offers", offers: [fakeOffer] });
  assert.match(await (await answer).text(), /back again/);
});

async function workersOf(app: TestRouter): Promise<{ models: unknown[] }[]> {
  return ((await (await app.get("/api/workers")).json()) as { items: { models: unknown[] }[] }).items;
}

test("a request that leaves the choice to the router is served by a worker that joins while it waits", async () => {
  await using app = await startTestRouter();
  using busy = await connectFakeWorker(app);
  const first = app.post("/v1/chat/completions", hello);
  const job = await busy.nextJob();
  const second = app.post("/v1/chat/completions", { ...hello, model: "auto" });
  await app.get("/api/health");
  using _joined = await connectFakeWorker(app, {
    name: "joined",
    offers: [{ ...fakeOffer, model: "another-model", aliases: [] }],
    replies: "from the newcomer",
  });
  const response = await second;
  assert.match(response.headers.get("x-auxot-route") ?? "", /worker=joined; model=another-model/);
  job.answer("done");
  await first;
});
