import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connectFakeWorker } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const hello = { model: "fake-model", stream: true, messages: [{ role: "user", content: "Hi" }] };

test("a stop tells the workers, refuses new requests, and lets running streams finish", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const answer = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "before " });
  const response = await answer;
  const stopped = app.router.stop();
  await worker.nextFrame("shutdown");
  await assert.rejects(app.post("/v1/chat/completions", hello), "new connections are refused");
  job.send(
    { type: "text-delta", index: 0, text: "after" },
    { type: "text-end", index: 0 },
    { type: "end", stopReason: "stop" },
  );
  job.done();
  assert.match(await response.text(), /before .*after.*\[DONE\]/s);
  await stopped;
  assert.equal(await worker.closed, 4005);
});

test("a stream that does not end is cut off at the limit, with the job cancelled", async () => {
  await using app = await startTestRouter({ limits: { drainTimeoutMs: 50 } });
  using worker = await connectFakeWorker(app);
  const answer = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  const response = await answer;
  const stopped = app.router.stop();
  await assert.rejects(response.text());
  await job.cancelled;
  await stopped;
});

test("a second router on the same data directory is refused with a clear message", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-second-"));
  {
    await using _app = await startTestRouter({ dataDir });
    await assert.rejects(startTestRouter({ dataDir }), /Another Auxot router \(process \d+\) is using/);
  }
  await rm(dataDir, { recursive: true, force: true });
});

test("a taken port is told, and everything started by then is stopped again", async () => {
  await using app = await startTestRouter();
  const port = Number(new URL(app.url).port);
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-port-"));
  await assert.rejects(startTestRouter({ dataDir, config: { port } }), /Port \d+ on 127\.0\.0\.1 is taken/);
  await using _again = await startTestRouter({ dataDir });
  await rm(dataDir, { recursive: true, force: true }).catch(() => undefined);
});

test("under npm start it is ready only once the worker's offer is live", async () => {
  await using app = await startTestRouter({ expectWorker: true });
  const early = await app.get("/api/ready");
  assert.equal(early.status, 503);
  assert.match(await early.text(), /bundled worker/);
  using _worker = await connectFakeWorker(app);
  await app.router.ready;
  assert.equal((await app.get("/api/ready")).status, 200);
});

test("a stop refuses what waits for a slot at once, and a second stop waits for the same end", async () => {
  await using app = await startTestRouter({ limits: { drainTimeoutMs: 60_000, maxQueuedRequests: 1 } });
  using worker = await connectFakeWorker(app);
  const running = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const others = [app.post("/v1/chat/completions", hello), app.post("/v1/chat/completions", hello)];
  // The queue takes one: when the other was refused, this one waits.
  await Promise.race(others);
  const stopped = app.router.stop();
  const refusals = await Promise.all(others);
  const refused = refusals.find((one) => one.headers.get("retry-after") === "5");
  assert.equal(refused?.status, 503);
  assert.match(await refused.text(), /is stopping/);
  job.answer("done");
  assert.match(await (await running).text(), /done/);
  await Promise.all([stopped, app.router.stop()]);
});

test("a long answer on its way to a slow reader is sent to its end before the stop", async () => {
  await using app = await startTestRouter({ limits: { drainTimeoutMs: 60_000 } });
  using worker = await connectFakeWorker(app);
  const text = "long ".repeat(4_000_000);
  const answer = rawRequest(app, JSON.stringify({ ...hello, stream: false }));
  const job = await worker.nextJob();
  answer.pause();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text });
  job.send({ type: "text-end", index: 0 }, { type: "end", stopReason: "stop" });
  job.done();
  while (!app.log.some((line) => line["message"] === "request" && line["path"] === "/v1/chat/completions"))
    await app.get("/api/health");
  const stopped = app.router.stop();
  await worker.nextFrame("shutdown");
  let sizeBytes = 0;
  answer.on("data", (part: Buffer) => (sizeBytes += part.length));
  const closed = once(answer, "close");
  answer.resume();
  await Promise.all([stopped, closed]);
  assert.ok(sizeBytes > text.length, `${sizeBytes} bytes of ${text.length}`);
});

test("while it stops, requests on open connections are refused on every surface", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const running = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  const socket = rawRequest(app, JSON.stringify({ ...hello, model: "nothing" }));
  await once(socket, "data");
  socket.write("POST /api/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\n");
  await app.get("/api/health");
  const stopped = app.router.stop();
  await worker.nextFrame("shutdown");
  const refused = once(socket, "data");
  socket.write("content-length: 0\r\n\r\n");
  assert.match(String((await refused)[0]), /^HTTP\/1\.1 503 .*is stopping/s);
  job.answer("done");
  await (await running).text();
  await stopped;
});

/** Sends one chat request over a connection of its own, to be read by hand. */
function rawRequest(app: Awaited<ReturnType<typeof startTestRouter>>, body: string): Socket {
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.key}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}
