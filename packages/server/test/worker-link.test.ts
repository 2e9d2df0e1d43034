import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { encodeFrame, protocolVersion } from "@auxot/wire/worker-frames";
import { WebSocket } from "ws";
import { connectFakeWorker, fakeOffer } from "./harness/fake-worker.ts";
import { startTestRouter } from "./harness/router.ts";

const hello = { model: "fake-model", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] };

test("a stream goes on without loss or repeat when the worker's link drops and comes back", async () => {
  await using app = await startTestRouter({ hubTimes: { resumeWindowMs: 5000 } });
  using before = await connectFakeWorker(app, { instanceId: "same-instance" });
  const answer = app.post("/v1/chat/completions", { ...hello, stream: true });
  const job = await before.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "one " });
  const response = await answer;
  before.kill();
  await before.closed;

  using after = await connectFakeWorker(app, { instanceId: "same-instance", jobs: [job.id] });
  const { resume } = await after.nextFrame("welcome");
  assert.deepEqual(resume, [{ jobId: job.id, nextSeq: 1 }]);
  after.send({
    type: "job-events",
    jobId: job.id,
    seq: 0,
    events: [{ type: "text-delta", index: 0, text: "repeated" }],
  });
  after.send({
    type: "job-events",
    jobId: job.id,
    seq: 1,
    events: [
      { type: "text-delta", index: 0, text: "two" },
      { type: "text-end", index: 0 },
      { type: "end", stopReason: "stop" },
    ],
  });
  after.send({ type: "job-done", jobId: job.id, seq: 2 });
  const text = await response.text();
  assert.match(text, /one .*two.*\[DONE\]/s);
  assert.doesNotMatch(text, /repeated/);
  const next = app.post("/v1/chat/completions", hello);
  (await after.nextJob()).answer("the slot is free");
  assert.equal((await next).status, 200);
});

test("a worker that comes back without the job makes the stream end with an error at once", async () => {
  await using app = await startTestRouter({ hubTimes: { resumeWindowMs: 60_000 } });
  using before = await connectFakeWorker(app, { instanceId: "same-instance" });
  const answer = app.post("/v1/messages", { ...hello, stream: true });
  const job = await before.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "one" });
  const response = await answer;
  before.kill();
  await before.closed;
  using _after = await connectFakeWorker(app, { instanceId: "same-instance", jobs: [] });
  assert.match(await response.text(), /event: error/);
});

test("keys that are wrong or of the wrong kind are refused with a status a worker does not retry", async () => {
  await using app = await startTestRouter();
  await assert.rejects(connectFakeWorker({ url: app.url, workerKey: "axw_wrong" }), /refused with 401/);
  await assert.rejects(connectFakeWorker({ url: app.url, workerKey: app.key }), /refused with 403/);
  await assert.rejects(connectFakeWorker(app, { kind: "cli" }), /refused: This key belongs to the gpu provider/);
  await assert.rejects(connectFakeWorker(app, { protocol: 99 }), /Upgrade the router/);
});

test("a worker of another protocol, whose hello we cannot read, is told which side to upgrade", async () => {
  await using app = await startTestRouter();
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/ws`, {
    headers: { authorization: `Bearer ${app.workerKey}` },
  });
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "hello", protocol: 0, shape: "of another time" }));
  const [data] = (await once(socket, "message")) as [Buffer];
  assert.match(data.toString(), /"refused".*Upgrade the worker/);
  const [code] = (await once(socket, "close")) as [number];
  assert.equal(code, 4001);
});

test("a worker whose key is revoked is disconnected at once", async () => {
  await using app = await startTestRouter();
  const made = (await (await app.post("/api/keys", { name: "w", kind: "worker", provider: "gpu" })).json()) as {
    id: string;
    key: string;
  };
  using worker = await connectFakeWorker({ url: app.url, workerKey: made.key });
  const revoked = await fetch(`${app.url}/api/keys/${made.id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${app.key}` },
  });
  assert.equal(revoked.status, 200);
  assert.equal(await worker.closed, 4001);
  await assert.rejects(connectFakeWorker({ url: app.url, workerKey: made.key }), /refused with 401/);
});

test("a worker that falls silent is given up, one that is pinged stays", async () => {
  await using app = await startTestRouter({ hubTimes: { pingEveryMs: 20, silenceLimitMs: 1000 } });
  using worker = await connectFakeWorker(app);
  await worker.nextFrame("ping");
  await worker.nextFrame("ping");
  const silent = new WebSocket(`${app.url.replace("http", "ws")}/ws`, {
    headers: { authorization: `Bearer ${app.workerKey}` },
  });
  await once(silent, "open");
  const hardware = { os: "linux", arch: "x64", cpus: 1, memoryBytes: 1, gpus: [] };
  const about = { name: "silent", version: "0", kind: "gpu", engine: "none", hardware } as const;
  silent.send(
    encodeFrame({ type: "hello", protocol: protocolVersion, instanceId: "silent-one", ...about, offers: [], jobs: [] }),
  );
  await once(silent, "close");
  const view = (await (await app.get("/api/workers")).json()) as { items: { name: string; state: string }[] };
  assert.ok(view.items.some(({ name, state }) => name === "fake-worker" && state === "online"));
});

test("a frame that makes no sense ends the session with a reason, and the router goes on", async () => {
  await using app = await startTestRouter();
  using worker = await connectFakeWorker(app);
  const answer = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  worker.send({ type: "job-events", jobId: job.id, seq: 5, events: [] });
  assert.equal(await worker.closed, 4002);
  using other = await connectFakeWorker(app, { offers: [fakeOffer], replies: "fine" });
  assert.equal((await answer).status, 200, "the request waits for the next worker");
  assert.ok(other.frames.length > 0);
});

test("a draining worker gets no new job and finishes the one it has", async () => {
  await using app = await startTestRouter({ limits: { queueWaitMs: 100 } });
  using worker = await connectFakeWorker(app, { offers: [{ ...fakeOffer, slots: 2 }] });
  const first = app.post("/v1/chat/completions", hello);
  const job = await worker.nextJob();
  worker.send({ type: "drain" });
  while (!app.log.some((line) => line["message"] === "worker drains")) await app.get("/api/health");
  const second = await app.post("/v1/chat/completions", hello);
  assert.equal(second.status, 503);
  job.answer("finished");
  assert.match(await (await first).text(), /finished/);
});

test("a link replaced while the router thought it alive costs no waiting request anything", async () => {
  await using app = await startTestRouter();
  using before = await connectFakeWorker(app, { instanceId: "same-instance" });
  const answers = [1, 2, 3].map(() => app.post("/v1/chat/completions", hello));
  await before.nextJob();
  using after = await connectFakeWorker(app, { instanceId: "same-instance" });
  assert.equal(await before.closed, 4003);
  for (const _ of answers) (await after.nextJob()).answer("fine");
  const routes = await Promise.all(answers.map(async (answer) => (await answer).headers.get("x-auxot-route")));
  const tries = routes.map((route) => Number(/tries=(\d)/.exec(route ?? "")?.[1]));
  assert.deepEqual(tries.toSorted(), [1, 1, 2], "only the job under way was started again");
  assert.equal(after.frames[0]?.type, "welcome", "no job comes before the welcome");
});

test("a job cancelled while the link was dead is given up when the worker comes back, and its slot is free", async () => {
  await using app = await startTestRouter({ hubTimes: { resumeWindowMs: 5000 } });
  using before = await connectFakeWorker(app, { instanceId: "same-instance" });
  const caller = new AbortController();
  const answer = app.post("/v1/chat/completions", { ...hello, stream: true }, { signal: caller.signal });
  const job = await before.nextJob();
  job.send({ type: "text-start", index: 0 }, { type: "text-delta", index: 0, text: "half" });
  await answer;
  caller.abort();
  await job.cancelled;
  // As if the cancel had been lost with the link: the worker still runs the job.
  using after = await connectFakeWorker(app, { instanceId: "same-instance", jobs: [job.id] });
  assert.deepEqual((await after.nextFrame("welcome")).resume, []);
  const next = app.post("/v1/chat/completions", hello);
  (await after.nextJob()).answer("the slot is free");
  assert.equal((await next).status, 200);
});

test("a drained worker that left is not waited for", async () => {
  await using app = await startTestRouter({ hubTimes: { resumeWindowMs: 60_000 } });
  using worker = await connectFakeWorker(app);
  worker.send({ type: "drain" });
  worker.kill();
  while (!app.log.some((line) => line["message"] === "worker gone")) await app.get("/api/health");
  assert.ok(app.log.every((line) => line["message"] !== "worker link lost"));
  const response = await app.post("/v1/chat/completions", hello);
  assert.equal(response.status, 503);
  assert.match(await response.text(), /no worker is connected/);
});

test("a key revoked between the upgrade and the hello lets no worker in", async () => {
  await using app = await startTestRouter();
  const made = (await (await app.post("/api/keys", { name: "w", kind: "worker", provider: "gpu" })).json()) as {
    id: string;
    key: string;
  };
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/ws`, {
    headers: { authorization: `Bearer ${made.key}` },
  });
  await once(socket, "open");
  const closed = once(socket, "close");
  await fetch(`${app.url}/api/keys/${made.id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${app.key}` },
  });
  assert.equal((await closed)[0], 4001);
});
