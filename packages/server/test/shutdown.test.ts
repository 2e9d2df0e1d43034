import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
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
