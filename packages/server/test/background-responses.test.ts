import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { createResponseStore } from "../src/records/responses/store.ts";
import { openDatabase, type Database } from "../src/store/database.ts";
import { startEmbeddedPostgres } from "../src/store/embedded-postgres/launcher.ts";
import { createStoringCloud } from "./harness/fake-responses-cloud.ts";
import { startFakeCloud } from "./harness/fake-cloud.ts";
import { connectFakeWorker, fakeOffer, someUsage, type FakeJob, type FakeWorker } from "./harness/fake-worker.ts";
import { quietLog } from "./harness/quiet-log.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

let app: TestRouter;
let worker: FakeWorker;
let openai: OpenAI;
before(async () => {
  app = await startTestRouter();
  worker = await connectFakeWorker(app, { offers: [{ ...fakeOffer, slots: 4 }] });
  openai = connect(app);
});
after(async () => {
  worker[Symbol.dispose]();
  await app[Symbol.asyncDispose]();
});

const hello = { model: "auto", input: "Hi", background: true };

function connect(router: TestRouter, apiKey = router.key): OpenAI {
  return new OpenAI({ baseURL: `${router.url}/v1`, apiKey, maxRetries: 0 });
}

function begin(job: FakeJob, text = "half"): void {
  job.send({ type: "start" }, { type: "text-start", index: 0 }, { type: "text-delta", index: 0, text });
}

function complete(job: FakeJob, text = " and half"): void {
  job.send(
    { type: "text-delta", index: 0, text },
    { type: "text-end", index: 0 },
    { type: "usage", usage: someUsage },
    { type: "end", stopReason: "stop" },
  );
  job.done();
}

async function poll(
  client: OpenAI,
  id: string,
  isWanted: (status: string) => boolean,
): Promise<OpenAI.Responses.Response> {
  for (;;) {
    const response = await client.responses.retrieve(id);
    if (isWanted(response.status ?? "")) return response;
  }
}

const isOver = (status: string): boolean => status !== "queued" && status !== "in_progress";

type Event = { readonly type: string; readonly sequence_number: number };

function readEvents(text: string): Event[] {
  const frames = text.split("\n\n").filter((frame) => frame.startsWith("event: "));
  return frames.map((frame) => JSON.parse(frame.slice(frame.indexOf("data: ") + 6)) as Event);
}

async function streamAgain(router: TestRouter, id: string, startingAfter?: number): Promise<string> {
  const after = startingAfter === undefined ? "" : `&starting_after=${startingAfter}`;
  const answer = await router.get(`/v1/responses/${id}?stream=true${after}`);
  assert.equal(answer.status, 200);
  return answer.text();
}

test("a response in the background is queued, in progress and completed", async () => {
  const queued = await openai.responses.create({ ...hello, metadata: { a: "b" } });
  assert.equal(queued.status, "queued");
  assert.equal(queued.background, true);
  assert.deepEqual(queued.output, []);
  const job = await worker.nextJob();
  assert.equal((await openai.responses.retrieve(queued.id)).status, "queued");
  await assert.rejects(
    openai.responses.create({ model: "auto", input: "Go on", previous_response_id: queued.id }),
    /400 previous_response_id: the response .* is still queued; wait for its end/,
  );
  begin(job);
  const running = await poll(openai, queued.id, (status) => status !== "queued");
  assert.equal(running.status, "in_progress");
  assert.equal(running.model, "fake-model");
  complete(job);
  const done = await poll(openai, queued.id, isOver);
  assert.equal(done.status, "completed");
  assert.equal(done.output_text, "half and half");
  assert.equal(done.usage?.output_tokens, someUsage.outputTokens);
  assert.deepEqual(done.metadata, { a: "b" });

  const next = openai.responses.create({ model: "auto", input: "Go on", previous_response_id: queued.id });
  const following = await worker.nextJob();
  assert.equal(following.request.messages.length, 3);
  following.answer("ok");
  await next;
});

test("a client that drops its stream goes on from the last event it has, on another connection, live and later", async () => {
  const caller = new AbortController();
  const answer = await app.post("/v1/responses", { ...hello, stream: true }, { signal: caller.signal });
  const reader = answer.body?.getReader();
  const first = Buffer.from((await reader?.read())?.value ?? []).toString("utf8");
  assert.deepEqual(
    readEvents(first).map(({ type, sequence_number }) => [type, sequence_number]),
    [
      ["response.created", 0],
      ["response.queued", 1],
    ],
    "at once, before any worker took it",
  );
  const id = /resp_\w+/.exec(first)?.[0] ?? "";
  const job = await worker.nextJob();
  caller.abort();
  begin(job);
  const live = streamAgain(app, id, 1);
  const whole = streamAgain(app, id);
  complete(job);
  const events = readEvents(await whole);
  assert.deepEqual(
    events.map(({ sequence_number }) => sequence_number),
    events.map((_, at) => at),
  );
  assert.equal(events.at(-1)?.type, "response.completed");
  assert.deepEqual(readEvents(await live), events.slice(2));

  await poll(openai, id, isOver);
  // From what was kept, once the run is forgotten.
  while (!(await isKept(app, id)));
  assert.equal(await streamAgain(app, id), await whole);
  for (const at of [0, 3, events.length - 2, events.length - 1, events.length + 7]) {
    assert.deepEqual(readEvents(await streamAgain(app, id, at)), events.slice(at + 1), String(at));
  }
  const types = [];
  for await (const event of await openai.responses.retrieve(id, { stream: true, starting_after: 2 }))
    types.push(event.type);
  assert.deepEqual(
    types,
    events.slice(3).map(({ type }) => type),
  );
  const final = await openai.responses.stream({ response_id: id, starting_after: 4 }).finalResponse();
  assert.equal(final.output_text, "half and half");
});

/** True once the row has its end: it then goes on living in the database alone. */
async function isKept(router: TestRouter, id: string): Promise<boolean> {
  const answer = await router.post("/v1/responses", { model: "nothing", input: "x", previous_response_id: id });
  return answer.status === 404;
}

test("several readers see the same events, and one that does not read holds up neither the run nor the others", async () => {
  const created = await openai.responses.create(hello);
  const job = await worker.nextJob();
  const stuck = connectSocket(Number(new URL(app.url).port), "127.0.0.1");
  stuck.pause();
  stuck.write(
    `GET /v1/responses/${created.id}?stream=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.key}\r\n\r\n`,
  );
  begin(job);
  const readers = [streamAgain(app, created.id), streamAgain(app, created.id)];
  const big = "x".repeat(1024 * 1024);
  for (let at = 0; at < 2; at++) job.send({ type: "text-delta", index: 0, text: big });
  complete(job);
  const [one, two] = await Promise.all(readers);
  assert.equal(one, two);
  assert.equal(readEvents(one ?? "").at(-1)?.type, "response.completed");
  assert.equal((await poll(openai, created.id, isOver)).output_text.length, 2 * big.length + "half and half".length);
  stuck.destroy();
});

test("whoever asks for events that were too many to keep is told so, and gets those behind them", async () => {
  const created = await openai.responses.create(hello);
  const job = await worker.nextJob();
  const watched = (await app.get(`/v1/responses/${created.id}?stream=true`)).body?.getReader();
  begin(job, "x".repeat(9 * 2 ** 20));
  for (const text of ["y".repeat(9 * 2 ** 20), "z"]) job.send({ type: "text-delta", index: 0, text });
  for (let seen = ""; !seen.includes('"z"');) seen = Buffer.from((await watched?.read())?.value ?? []).toString();
  await watched?.cancel();
  const refused = await app.get(`/v1/responses/${created.id}?stream=true&starting_after=2`);
  assert.equal(refused.status, 400);
  const first = Number(/those behind (\d+) are still there/.exec(await refused.text())?.[1]);
  const rest = streamAgain(app, created.id, first);
  complete(job);
  assert.equal(readEvents(await rest)[0]?.sequence_number, first + 1);
  await poll(openai, created.id, isOver);
});

test("cancelling stops the worker within a second, is idempotent, and ends the streams of its readers", async () => {
  const created = await openai.responses.create(hello);
  const job = await worker.nextJob();
  begin(job);
  await poll(openai, created.id, (status) => status === "in_progress");
  const watched = streamAgain(app, created.id);
  const startedAt = performance.now();
  const cancelled = await openai.responses.cancel(created.id);
  await job.cancelled;
  assert.ok(performance.now() - startedAt < 1000);
  job.done();
  assert.equal(cancelled.status, "cancelled");
  assert.ok(!/response\.(completed|failed)/.test(await watched));
  const again = await openai.responses.cancel(created.id);
  assert.deepEqual(again.status, "cancelled");
  assert.equal((await openai.responses.retrieve(created.id)).status, "cancelled");
  assert.match(await streamAgain(app, created.id), /response\.output_text\.delta/);

  const done = await openai.responses.create(hello);
  (await worker.nextJob()).answer("done");
  await poll(openai, done.id, isOver);
  assert.equal((await openai.responses.cancel(done.id)).status, "completed", "what is over stays as it is");
});

test("what waits for a slot can be cancelled and deleted, and never starts a job", async () => {
  await using router = await startTestRouter();
  using gpu = await connectFakeWorker(router);
  const client = connect(router);
  const busy = await client.responses.create(hello);
  const job = await gpu.nextJob();
  const waiting = await client.responses.create({ ...hello, user: "waits" });
  assert.equal((await client.responses.cancel(waiting.id)).status, "cancelled");
  const removed = await client.responses.create({ ...hello, user: "removed" });
  await client.responses.delete(removed.id);
  await assert.rejects(client.responses.retrieve(removed.id), OpenAI.NotFoundError);
  const last = await client.responses.create({ ...hello, user: "last" });
  job.answer("one");
  const next = await gpu.nextJob();
  assert.equal(next.request.endUser, "last");
  next.answer("two");
  await poll(client, busy.id, isOver);
  await poll(client, last.id, isOver);
});

test("a response in the background is nobody else's while it runs", async () => {
  const made = (await (await app.post("/api/keys", { name: "other" })).json()) as { key: string };
  const other = connect(app, made.key);
  const created = await openai.responses.create(hello);
  const job = await worker.nextJob();
  await assert.rejects(other.responses.retrieve(created.id), OpenAI.NotFoundError);
  await assert.rejects(other.responses.retrieve(created.id, { stream: true }), OpenAI.NotFoundError);
  await assert.rejects(other.responses.cancel(created.id), OpenAI.NotFoundError);
  await assert.rejects(other.responses.delete(created.id), OpenAI.NotFoundError);
  job.answer("mine");
  assert.equal((await poll(openai, created.id, isOver)).output_text, "mine");
});

test("a worker that dies in the middle fails the response, with what there was and why", async () => {
  await using router = await startTestRouter();
  using gpu = await connectFakeWorker(router);
  const client = connect(router);
  const created = await client.responses.create(hello);
  begin(await gpu.nextJob());
  await poll(client, created.id, (status) => status === "in_progress");
  const watched = streamAgain(router, created.id);
  gpu.kill();
  const failed = await poll(client, created.id, isOver);
  assert.equal(failed.status, "failed");
  assert.equal(failed.error?.code, "server_error");
  assert.match(failed.error?.message ?? "", /worker/i);
  assert.equal(readEvents(await watched).at(-1)?.type, "response.failed");
});

test("a request nobody can answer is refused at once, and so is one too many", async () => {
  await assert.rejects(openai.responses.create({ ...hello, model: "nothing" }), OpenAI.NotFoundError);
  await using router = await startTestRouter({ responses: { maxBackground: 1 } });
  using gpu = await connectFakeWorker(router);
  const client = connect(router);
  const first = await client.responses.create(hello);
  const refused = await router.post("/v1/responses", hello);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "10");
  assert.match(await refused.text(), /background: 1 answers are running/);
  (await gpu.nextJob()).answer("done");
  await poll(client, first.id, isOver);
  while (!(await isKept(router, first.id)));
  const next = await client.responses.create(hello);
  (await gpu.nextJob()).answer("done");
  await poll(client, next.id, isOver);
});

test("a Responses provider is asked in our own words, without background and store", async () => {
  await using cloud = await startFakeCloud(createStoringCloud().answer);
  await using router = await startTestRouter({ providers: [cloud.provider({ dialect: "openai-responses" })] });
  const client = connect(router);
  const created = await client.responses.create(hello);
  assert.match(created.id, /^resp_[0-9A-Za-z]{24}$/);
  assert.equal((await poll(client, created.id, isOver)).output_text, "answer 1");
  const sent = JSON.parse(cloud.requests[0]?.body ?? "{}") as Record<string, unknown>;
  assert.equal(sent["background"], undefined);
  assert.equal(sent["store"], false);
});

test("a stop lets what runs in the background finish, and it is there after the next start", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-background-"));
  let id = "";
  let stream = "";
  {
    await using router = await startTestRouter({ dataDir, limits: { drainTimeoutMs: 60_000 } });
    using gpu = await connectFakeWorker(router);
    id = (await connect(router).responses.create(hello)).id;
    const job = await gpu.nextJob();
    begin(job);
    const watched = await router.get(`/v1/responses/${id}?stream=true`);
    const stopped = router.router.stop();
    await gpu.nextFrame("shutdown");
    complete(job);
    stream = await watched.text();
    await stopped;
  }
  await using router = await startTestRouter({ dataDir });
  assert.equal((await connect(router).responses.retrieve(id)).output_text, "half and half");
  assert.equal(await streamAgain(router, id), stream);
  await rm(dataDir, { recursive: true, force: true }).catch(() => undefined);
});

test("what does not finish before a stop has failed, and what a killed router left behind has failed at the next start", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-background-"));
  let id = "";
  {
    await using router = await startTestRouter({ dataDir, limits: { drainTimeoutMs: 50 } });
    using gpu = await connectFakeWorker(router);
    const client = connect(router);
    id = (await client.responses.create(hello)).id;
    const job = await gpu.nextJob();
    begin(job);
    await poll(client, id, (status) => status === "in_progress");
    await router.router.stop();
    await job.cancelled;
  }
  await withDatabase(dataDir, (database) => leaveRunning(database, id));
  await using router = await startTestRouter({ dataDir });
  const client = connect(router);
  const stopped = await client.responses.retrieve(id);
  assert.equal(stopped.status, "failed");
  assert.match(stopped.error?.message ?? "", /router stopped before the response was complete/);
  assert.match(await streamAgain(router, id), /event: response.failed\n.*router stopped/);

  const killed = await client.responses.retrieve("resp_left");
  assert.equal(killed.status, "failed");
  assert.match(killed.error?.message ?? "", /router stopped before the response was complete/);
  await assert.rejects(client.responses.retrieve("resp_left", { stream: true }), /400 stream: .*were not kept/);
  await rm(dataDir, { recursive: true, force: true }).catch(() => undefined);
});

test("each answer in the background leaves one usage row, however it ends", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "auxot-background-"));
  {
    await using router = await startTestRouter({ dataDir });
    using gpu = await connectFakeWorker(router);
    const client = connect(router);
    const done = await client.responses.create(hello);
    (await gpu.nextJob()).answer("done");
    await poll(client, done.id, isOver);
    const cancelled = await client.responses.create(hello);
    const job = await gpu.nextJob();
    begin(job);
    await poll(client, cancelled.id, (status) => status === "in_progress");
    await client.responses.cancel(cancelled.id);
    await job.cancelled;
    job.done();
    const failed = await client.responses.create(hello);
    (await gpu.nextJob()).done({ code: "invalid_request", message: "No." });
    await poll(client, failed.id, isOver);
    await assert.rejects(client.responses.create({ ...hello, model: "nothing" }));
  }
  const rows = await withDatabase(
    dataDir,
    ({ sql }) => sql`select outcome, error_code, output_tokens from usage_record order by at`,
  );
  await rm(dataDir, { recursive: true, force: true });
  assert.deepEqual(
    rows.map((row) => [row["outcome"], row["error_code"], row["output_tokens"]]),
    [
      ["ok", null, someUsage.outputTokens],
      ["cancelled", "cancelled", 1],
      ["error", "invalid_request", 0],
      ["error", "model_not_found", 0],
    ],
  );
});

/** The database of a router that has stopped. */
async function withDatabase<T>(dataDir: string, use: (database: Database) => Promise<T>): Promise<T> {
  const postgres = await startEmbeddedPostgres({ dataDir, log: quietLog });
  const database = await openDatabase(postgres.target, quietLog);
  try {
    return await use(database);
  } finally {
    await database.close();
    await postgres.stop();
  }
}

/** Leaves a row as a router does that is killed: beside the one of `id`, of the same key. */
async function leaveRunning(database: Database, id: string): Promise<void> {
  const [row] = await database.sql<{ key_id: string }[]>`select key_id from stored_response where id = ${id}`;
  const now = Date.now();
  await createResponseStore(database).save({
    keyId: row?.key_id ?? "",
    id: "resp_left",
    status: "in_progress",
    background: true,
    heldUpstream: false,
    createdAt: now,
    expiresAt: now + 60_000,
    aliveUntil: now + 60_000,
    response: JSON.stringify({ id: "resp_left", object: "response", status: "in_progress", output: [] }),
    input: "[]",
    itemIds: [],
  });
}
