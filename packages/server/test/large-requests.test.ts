import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOpenai, startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

// The other job waits while tens of megabytes are read.
const limits = { maxBodyBytes: 32 * 2 ** 20, firstTokenTimeoutMs: 60_000 };
const large = "x".repeat(23 * 2 ** 20);
const offers = [{ ...fakeOffer, contextTokens: 1e9, slots: 2 }];

async function answer(
  app: TestRouter,
  body: object,
): Promise<{ status: number; route: string; id: string; text: string }> {
  const response = await app.post("/v1/responses", { model: "auto", input: large, ...body });
  const text = await response.text();
  const route = response.headers.get("x-auxot-route") ?? "";
  return { status: response.status, route, id: /^\{"id":"(\w+)"/.exec(text)?.[1] ?? "", text };
}

test("a request too large with its stored conversation never reaches a worker, whose other jobs go on, and a cloud may take it", async () => {
  await using cloud = await startFakeCloud(answerOpenai(["from the cloud"]));
  await using app = await startTestRouter({ limits, providers: [cloud.provider()] });
  using worker = await connectFakeWorker(app, { offers });
  const sayOk = async (): Promise<void> => (await worker.nextJob()).answer("ok");
  const [first] = await Promise.all([answer(app, {}), sayOk()]);
  const [second] = await Promise.all([answer(app, { previous_response_id: first.id }), sayOk()]);
  assert.equal(second.status, 200);

  const other = app.post("/v1/chat/completions", { model: "fake", messages: [{ role: "user", content: "Hi" }] });
  const job = await worker.nextJob();
  const refused = await answer(app, { model: "fake", previous_response_id: second.id });
  assert.equal(refused.status, 413);
  assert.match(
    refused.text,
    /larger than 64 MiB, which is the most a worker takes\. Shorten it, or use a model of a cloud/,
  );
  const moved = await answer(app, { previous_response_id: second.id });
  assert.match(moved.route, /^tier=cloud;.*tries=2$/);
  job.answer("still here");
  assert.match(await (await other).text(), /still here/);
});
