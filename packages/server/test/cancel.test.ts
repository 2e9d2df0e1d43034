import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const hello = { model: "auto", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };

for (const stream of [true, false]) {
  test(`a caller who leaves before the first token stops the job and frees the slot (stream: ${stream})`, async () => {
    await using app = await startTestRouter();
    using worker = await connectFakeWorker(app);
    const caller = new AbortController();
    const answer = app.post("/v1/chat/completions", { ...hello, stream }, { signal: caller.signal });
    const job = await worker.nextJob();
    caller.abort();
    await assert.rejects(answer);
    await job.cancelled;
    job.done();
    const next = app.post("/v1/messages", hello);
    (await worker.nextJob()).answer("free again");
    assert.equal((await next).status, 200);
  });
}

test("a caller who leaves in the middle of a stream stops the job", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const caller = new AbortController();
  const answer = app.post("/v1/messages", { ...hello, stream: true }, { signal: caller.signal });
  const job = await worker.nextJob();
  job.send({ type: "start" }, { type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  const reader = (await answer).body?.getReader();
  await reader?.read();
  caller.abort();
  await job.cancelled;
});

test("a caller who leaves while waiting for a slot never starts a job", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const first = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const caller = new AbortController();
  const waiting = app.post("/v1/chat/completions", { ...hello, user: "left" }, { signal: caller.signal });
  const left = assert.rejects(waiting);
  await untilLogged(app, () => caller.abort());
  await left;
  const third = app.post("/v1/chat/completions", { ...hello, user: "stays" });
  job.answer("one");
  const next = await worker.nextJob();
  assert.equal(next.request.endUser, "stays");
  next.answer("two");
  assert.equal((await first).status, 200);
  assert.equal((await third).status, 200);
});

/** Leaves once the request has certainly arrived: a later request on its own connection is answered. */
async function untilLogged(app: Awaited<ReturnType<typeof startTestRouter>>, leave: () => void): Promise<void> {
  await app.get("/api/health");
  leave();
  while (!app.log.some((line) => line["message"] === "caller left")) await app.get("/api/health");
}

test("a caller who leaves closes the connection to the cloud, before and after the first token", async () => {
  for (const begun of [false, true]) {
    await using cloud = await startFakeCloud((_request, response) => {
      if (!begun) return;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: {"choices":[{"index":0,"delta":{"content":"half"}}]}\n\n`);
    });
    await using app = await startTestRouter({ providers: [cloud.provider()] });
    const caller = new AbortController();
    const arrived = cloud.nextRequest();
    const answer = app.post("/v1/chat/completions", { ...hello, stream: true }, { signal: caller.signal });
    const request = await arrived;
    if (begun) await (await answer).body?.getReader().read();
    else answer.catch(() => undefined);
    caller.abort();
    await request.left;
  }
});

test("pipelined requests of a caller who leaves are all cancelled", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app, { offers: [{ ...fakeOffer, slots: 2 }] });
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  const body = JSON.stringify({ ...hello, stream: true });
  const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.key}\r\ncontent-length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`.repeat(2));
  const jobs = [await worker.nextJob(), await worker.nextJob()];
  for (const job of jobs)
    job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "x".repeat(100_000) });
  await once(socket, "data");
  socket.destroy();
  await Promise.all(jobs.map((job) => job.cancelled));
});
