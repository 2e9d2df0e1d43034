// The link and the jobs of a worker against a scripted router over a real WebSocket. The engine, our process edge here, is scripted.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { ModelOffer } from "@auxot/wire/model-offer";
import { closeCodes, maxUnackedFrames } from "@auxot/wire/worker-frames";
import type { Engine } from "../src/engine.ts";
import { startWorker, type Worker, type WorkerOptions } from "../src/worker.ts";
import { ask, testLog } from "./engine-harness.ts";
import { startFakeRouter, type FakeLink, type FakeRouter } from "./fake-router.ts";

const offer: ModelOffer = {
  model: "auxot-demo",
  aliases: [],
  abilities: { tools: false, images: false, reasoning: false },
  slots: 2,
};

/** Each run gives out what the test pushes. */
type ScriptedRun = {
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  give(...events: ChatEvent[]): void;
  end(error?: Error): void;
  /** Batches the worker took. */
  taken: number;
};

type ScriptedEngine = Engine & { nextRun(): Promise<ScriptedRun>; setOffers(offers: readonly ModelOffer[]): void };

function createScriptedEngine(): ScriptedEngine {
  let offers: readonly ModelOffer[] = [offer];
  const listeners: (() => void)[] = [];
  const started: ScriptedRun[] = [];
  let waiting: ((run: ScriptedRun) => void) | undefined;
  return {
    name: "scripted",
    offers: () => offers,
    isParked: (callIds) => callIds.length > 0 && callIds.every((id) => id.startsWith("parked_")),
    onOffersChanged: (listener) => void listeners.push(listener),
    close: () => Promise.resolve(),
    countTokens: (request) =>
      request.model === "uncounted"
        ? Promise.reject(new AppError("unsupported", "No."))
        : Promise.resolve(request.messages.length),
    setOffers(next) {
      offers = next;
      for (const listener of listeners) listener();
    },
    nextRun() {
      const run = started.shift();
      return run === undefined ? new Promise((resolve) => void (waiting = resolve)) : Promise.resolve(run);
    },
    async *embed(request, signal) {
      for (const input of request.input) {
        if (input === "stuck") {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          throw new AppError("cancelled", "Cancelled.");
        }
        if (input === "bad") throw new AppError("invalid_request", "input[1]: no.", { param: "input[1]" });
        yield { vectors: ["AACAPw=="], inputTokens: input.length };
      }
    },
    async *run(request, signal) {
      const batches: ChatEvent[][] = [];
      let over: { error?: Error } | undefined;
      let wake: (() => void) | undefined;
      const run: ScriptedRun = {
        request,
        signal,
        taken: 0,
        give(...events) {
          batches.push(events);
          wake?.();
        },
        end(error) {
          over = error === undefined ? {} : { error };
          wake?.();
        },
      };
      signal.addEventListener("abort", () => run.end(new AppError("cancelled", "Cancelled.")));
      if (waiting === undefined) started.push(run);
      else waiting(run);
      waiting = undefined;
      for (;;) {
        const batch = batches.shift();
        if (batch !== undefined) {
          run.taken++;
          yield batch;
        } else if (over !== undefined) {
          if (over.error !== undefined) throw over.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}

let router: FakeRouter;
let engine: ScriptedEngine;
let worker: Worker | undefined;

beforeEach(async () => {
  router = await startFakeRouter();
  engine = createScriptedEngine();
});
afterEach(async () => {
  await worker?.drain(0);
  await router.close();
});

function start(fields: Partial<WorkerOptions> = {}): Worker {
  worker = startWorker({
    engine,
    kind: "gpu",
    name: "test",
    version: "0",
    hardware: { os: "linux", arch: "x64", cpus: 1, memoryBytes: 1, gpus: [] },
    url: router.url,
    key: "axw_test",
    log: testLog,
    link: { pausesMs: { first: 1, longest: 4 } },
    ...fields,
  });
  return worker;
}

async function connect(): Promise<FakeLink> {
  start();
  const link = await router.accept();
  await link.welcome();
  return link;
}

const delta = (text: string): ChatEvent => ({ type: "text-delta", index: 0, text });

async function startJob(link: FakeLink, jobId: string): Promise<ScriptedRun> {
  link.send({ type: "job-start", jobId, request: ask("x") });
  return engine.nextRun();
}

test("says hello with its key, its models and no jobs", async () => {
  start();
  const link = await router.accept();
  assert.equal(link.authorization, "Bearer axw_test");
  assert.equal(link.path, "/ws");
  const hello = await link.welcome();
  assert.deepEqual([hello.kind, hello.name, hello.offers, hello.jobs], ["gpu", "test", [offer], []]);
});

test("a refused key ends the worker with a clear message", async () => {
  for (const status of [401, 403]) {
    router.refuseWith(status, JSON.stringify({ status, detail: "The key is revoked." }));
    const end = await start().ended;
    assert.deepEqual(end, { kind: "refused", message: "The router refused this worker's key. The key is revoked." });
  }
});

test("a refused frame or close code ends the worker", async () => {
  const first = start();
  const link = await router.accept();
  link.send({ type: "refused", error: { code: "invalid_request", message: "Upgrade the worker." } });
  assert.deepEqual(await first.ended, {
    kind: "refused",
    message: "The router refused this worker: Upgrade the worker.",
  });
  const second = start();
  (await router.accept()).close(closeCodes.refused, "key revoked");
  assert.deepEqual(await second.ended, { kind: "refused", message: "The router refused this worker: key revoked" });
});

test("keeps trying while the router is away, with growing random pauses", async () => {
  router.refuseWith(503);
  let drawn = 0;
  const tried = Promise.withResolvers<void>();
  start({
    link: {
      pausesMs: { first: 1, longest: 4 },
      random: () => {
        if (++drawn === 4) tried.resolve();
        return 0.5;
      },
    },
  });
  await tried.promise;
  router.refuseWith(undefined);
  const link = await router.accept();
  const hello = await link.welcome();
  assert.equal(hello.type, "hello");
});

test("gives a router up that does not say welcome in time", async () => {
  start({ link: { connectLimitMs: 20, pausesMs: { first: 1, longest: 1 } } });
  const silent = await router.accept();
  await silent.closed;
  await (await router.accept()).welcome();
});

test("pings when it has nothing to say and gives a silent router up", async () => {
  start();
  const link = await router.accept();
  await link.welcome({ pingEveryMs: 5, silenceLimitMs: 60 });
  await link.next("ping");
  await link.next("ping");
  await link.closed;
  await (await router.accept()).welcome();
});

test("answers the router's ping", async () => {
  const link = await connect();
  link.send({ type: "ping", at: 7 });
  assert.deepEqual(await link.next("pong"), { type: "pong", at: 7 });
});

test("says with the end of a job whether it keeps a process for the results of its tool calls", async () => {
  const link = await connect();
  for (const [jobId, ids, parked] of [
    ["job_1", ["parked_1", "parked_2"], true],
    ["job_2", ["parked_1", "call_2"], undefined],
    ["job_3", [], undefined],
  ] as const) {
    const run = await startJob(link, jobId);
    run.give(...ids.map((id, index): ChatEvent => ({ type: "tool-call-start", index, id, name: "look" })));
    run.end();
    assert.equal((await link.next("job-done")).parked, parked, jobId);
  }
});

test("counts tokens for the router without a slot, and says when it cannot", async () => {
  const link = await connect();
  const request = { model: offer.model, messages: [], tools: [], stream: false };
  link.send({ type: "tokens-count", countId: "cnt_1", request });
  assert.deepEqual(await link.next("tokens-counted"), { type: "tokens-counted", countId: "cnt_1", inputTokens: 0 });
  link.send({ type: "tokens-count", countId: "cnt_2", request: { ...request, model: "uncounted" } });
  assert.equal((await link.next("tokens-counted")).error?.code, "unsupported");
});

test("tells the router when its models change", async () => {
  const link = await connect();
  engine.setOffers([]);
  assert.deepEqual((await link.next("offers")).offers, []);
  engine.setOffers([offer]);
  assert.deepEqual((await link.next("offers")).offers, [offer]);
});

test("runs a job and numbers its frames", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  assert.deepEqual(run.request, ask("x"));
  run.give({ type: "start" }, delta("a"));
  assert.deepEqual(await link.next("job-events"), {
    type: "job-events",
    jobId: "job_1",
    seq: 0,
    events: [{ type: "start" }, delta("a")],
  });
  run.give(delta("b"));
  assert.equal((await link.next("job-events")).seq, 1);
  run.end();
  assert.deepEqual(await link.next("job-done"), { type: "job-done", jobId: "job_1", seq: 2 });
});

test("runs jobs side by side, but never more than it has slots", async () => {
  const link = await connect();
  const first = await startJob(link, "job_1");
  const second = await startJob(link, "job_2");
  link.send({ type: "job-start", jobId: "job_1", request: ask("again") });
  link.send({ type: "job-start", jobId: "job_3", request: ask("x") });
  const full = await link.next("job-done");
  assert.deepEqual([full.jobId, full.seq, full.error?.code], ["job_3", 0, "no_capacity"]);
  second.give(delta("2"));
  assert.equal((await link.next("job-events")).jobId, "job_2");
  first.end();
  assert.equal((await link.next("job-done")).jobId, "job_1");
  await startJob(link, "job_4");
});

test("reports what went wrong, but not the words of an unknown error", async () => {
  const link = await connect();
  (await startJob(link, "job_1")).end(new AppError("model_not_found", "No such model."));
  assert.deepEqual((await link.next("job-done")).error, { code: "model_not_found", message: "No such model." });
  (await startJob(link, "job_2")).end(new Error("secret"));
  assert.equal((await link.next("job-done")).error?.code, "internal");
});

test("a cancelled job is over without an error once its slot is free", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  link.send({ type: "job-cancel", jobId: "job_1" });
  assert.deepEqual(await link.next("job-done"), { type: "job-done", jobId: "job_1", seq: 0 });
  assert.ok(run.signal.aborted);
});

test("waits with the engine while the router does not acknowledge", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  for (let i = 0; i < maxUnackedFrames + 50; i++) run.give(delta("x"));
  for (let i = 0; i < maxUnackedFrames; i++) await link.next("job-events");
  link.send({ type: "ping", at: 1 });
  await link.next("pong");
  assert.equal(run.taken, maxUnackedFrames);
  link.send({ type: "job-ack", jobId: "job_1", seq: 9 });
  for (let i = 0; i < 10; i++) assert.equal((await link.next("job-events")).seq, maxUnackedFrames + i);
  link.send({ type: "ping", at: 2 });
  await link.next("pong");
  assert.equal(run.taken, maxUnackedFrames + 10);
});

test("after a lost link goes on where the router stopped reading, without loss or repeat", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  for (const text of ["a", "b", "c"]) run.give(delta(text));
  await link.next("job-events");
  await link.next("job-events");
  link.cut();
  run.give(delta("d"));
  const again = await router.accept();
  const hello = await again.welcome({ resume: [{ jobId: "job_1", nextSeq: 2 }] });
  assert.deepEqual(hello.jobs, ["job_1"]);
  assert.deepEqual((await again.next("job-events")).events, [delta("c")]);
  assert.deepEqual((await again.next("job-events")).events, [delta("d")]);
  run.give(delta("e"));
  const last = await again.next("job-events");
  assert.deepEqual([last.seq, last.events], [4, [delta("e")]]);
  run.end();
  assert.equal((await again.next("job-done")).seq, 5);
});

test("a job that finished while the link was away is delivered afterwards", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  run.give(delta("a"));
  await link.next("job-events");
  link.cut();
  run.end();
  const again = await router.accept();
  await again.welcome({ resume: [{ jobId: "job_1", nextSeq: 1 }] });
  assert.equal((await again.next("job-done")).seq, 1);
  again.send({ type: "job-ack", jobId: "job_1", seq: 1 });
  again.cut();
  assert.deepEqual((await (await router.accept()).welcome()).jobs, []);
});

test("a job the router does not resume is cancelled", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  const aborted = new Promise((resolve) => run.signal.addEventListener("abort", resolve));
  link.cut();
  await (await router.accept()).welcome({ resume: [] });
  await aborted;
});

test("jobs are cancelled when the link stays away longer than the resume window", async () => {
  start();
  const link = await router.accept();
  await link.welcome({ resumeWindowMs: 10 });
  const run = await startJob(link, "job_1");
  const aborted = new Promise((resolve) => run.signal.addEventListener("abort", resolve));
  router.refuseWith(503);
  link.cut();
  await aborted;
});

test("draining finishes running jobs, then closes the link", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  const drained = worker?.drain(60_000);
  await link.next("drain");
  run.give(delta("a"));
  run.end();
  const done = await link.next("job-done");
  link.send({ type: "job-ack", jobId: "job_1", seq: done.seq });
  await drained;
  assert.equal(await link.closed, 1000);
  assert.deepEqual(await worker?.ended, { kind: "closed" });
});

test("when the router shuts down, jobs are finished before the worker connects again", async () => {
  const link = await connect();
  const run = await startJob(link, "job_1");
  link.send({ type: "shutdown" });
  run.give(delta("a"));
  run.end();
  const done = await link.next("job-done");
  link.send({ type: "job-ack", jobId: "job_1", seq: done.seq });
  await link.closed;
  assert.deepEqual((await (await router.accept()).welcome()).jobs, []);
});

test("a shutdown of the router concerns its own link only, not the one to the router after it", async () => {
  const link = await connect();
  await startJob(link, "job_1");
  link.send({ type: "shutdown" });
  link.cut();
  const next = await router.accept();
  await next.welcome({ resume: [] });
  const run = await startJob(next, "job_2");
  run.give(delta("a"));
  run.end();
  assert.equal((await next.next("job-done")).jobId, "job_2");
  next.send({ type: "ping", at: 1 });
  await next.next("pong");
});

test("an embeddings job gives vectors in numbered frames and its slot back, or says which input is wrong", async () => {
  const link = await connect();
  const request = { model: "auxot-demo", input: ["ab", "c"], encodingFormat: "base64" } as const;
  link.send({ type: "embed-start", jobId: "e1", request });
  const frames = [await link.next("embed-vectors"), await link.next("embed-vectors")];
  assert.deepEqual(
    frames.map(({ jobId, seq, inputTokens }) => [jobId, seq, inputTokens]),
    [
      ["e1", 0, 2],
      ["e1", 1, 1],
    ],
  );
  assert.deepEqual(await link.next("job-done"), { type: "job-done", jobId: "e1", seq: 2 });
  link.send({ type: "embed-start", jobId: "e2", request: { ...request, input: ["a", "bad"] } });
  const error = { code: "invalid_request", message: "input[1]: no.", param: "input[1]" };
  assert.deepEqual(await link.next("job-done"), { type: "job-done", jobId: "e2", seq: 1, error });
});

test("an embeddings job takes a slot like any other, and stops when it is cancelled", async () => {
  const link = await connect();
  const request = { model: "auxot-demo", input: ["stuck"], encodingFormat: "base64" } as const;
  for (const jobId of ["e1", "e2", "e3"]) link.send({ type: "embed-start", jobId, request });
  const refused = await link.next("job-done");
  assert.deepEqual([refused.jobId, refused.error?.code], ["e3", "no_capacity"]);
  for (const jobId of ["e1", "e2"]) {
    link.send({ type: "job-cancel", jobId });
    assert.deepEqual(await link.next("job-done"), { type: "job-done", jobId, seq: 0 });
  }
});

test("vectors the router has not seen are sent again after a lost link", async () => {
  const first = await connect();
  const request = { model: "auxot-demo", input: ["a", "b", "stuck"], encodingFormat: "base64" } as const;
  first.send({ type: "embed-start", jobId: "e1", request });
  await first.next("embed-vectors");
  await first.next("embed-vectors");
  first.cut();
  const second = await router.accept();
  const hello = await second.welcome({ resume: [{ jobId: "e1", nextSeq: 1 }] });
  assert.deepEqual(hello.jobs, ["e1"]);
  assert.equal((await second.next("embed-vectors")).seq, 1);
  second.send({ type: "job-cancel", jobId: "e1" });
  await second.next("job-done");
});
