// Runs the jobs the router sends, several at once, and keeps what the router has not acknowledged, so that a lost link
// costs nothing. Knows frames and an engine, no socket.

import type { ChatEvent } from "@auxot/wire/chat-event";
import { AppError, toErrorBody, type ErrorBody } from "@auxot/wire/errors";
import { maxUnackedFrames, type RouterFrame, type WorkerFrame } from "@auxot/wire/worker-frames";
import type { Engine } from "./engine.ts";
import type { Log } from "./log.ts";

export type Jobs = {
  /** Ids of all jobs the router may still want frames of, for `hello`. */
  ids(): string[];
  /** Job frames only; others are ignored. */
  onFrame(frame: RouterFrame): void;
  /** Sends again what the router has not seen of the jobs it names, and gives the others up. */
  onWelcome(welcome: Extract<RouterFrame, { readonly type: "welcome" }>): void;
  /** Jobs go on; they are given up when the link stays away longer than the resume window. */
  onLinkLost(): void;
  /** Resolves when no job runs or waits for an acknowledgement. */
  whenIdle(): Promise<void>;
  runningCount(): number;
};

export type JobsOptions = {
  readonly engine: Engine;
  /** May drop the frame while there is no link: frames are kept here until they are acknowledged. */
  readonly send: (frame: WorkerFrame) => void;
  readonly log: Log;
};

type JobFrame = Extract<WorkerFrame, { readonly type: "job-events" | "embed-vectors" | "job-done" }>;
type StartFrame = Extract<RouterFrame, { readonly type: "job-start" | "embed-start" }>;
/** What a frame of an answer holds. */
type Output =
  | Pick<Extract<JobFrame, { readonly type: "job-events" }>, "type" | "events">
  | Pick<Extract<JobFrame, { readonly type: "embed-vectors" }>, "type" | "vectors" | "inputTokens">;

type Job = {
  readonly id: string;
  readonly model: string;
  readonly controller: AbortController;
  /** Unacknowledged, in order. */
  frames: JobFrame[];
  nextSeq: number;
  /** Of the tool calls it gave out. */
  readonly callIds: string[];
  finished: boolean;
  /** Called when room came or the job was cancelled. */
  wake: () => void;
};

/** Finished jobs a router never acknowledged do not pile up beyond this. */
const maxFinishedJobs = 1000;

export function createJobs({ engine, send, log }: JobsOptions): Jobs {
  const jobs = new Map<string, Job>();
  let idleWaiters: (() => void)[] = [];
  let resumeWindowMs = 0;
  let giveUp: NodeJS.Timeout | undefined;

  function start(frame: StartFrame): void {
    if (jobs.has(frame.jobId)) return;
    const { model } = frame.request;
    const job: Job = {
      id: frame.jobId,
      model,
      controller: new AbortController(),
      frames: [],
      nextSeq: 0,
      callIds: [],
      finished: false,
      wake: () => undefined,
    };
    const isFull = countRunning(model) >= countSlots(model);
    jobs.set(job.id, job);
    if (isFull) {
      const message = `This worker runs as many answers of ${model} as it has slots.`;
      finish(job, { code: "no_capacity", message });
    } else {
      void run(job, frame);
    }
  }

  async function* answer(frame: StartFrame, signal: AbortSignal): AsyncGenerator<Output> {
    if (frame.type === "job-start") {
      for await (const events of engine.run(frame.request, signal)) yield { type: "job-events", events };
    } else {
      for await (const part of engine.embed(frame.request, signal)) yield { type: "embed-vectors", ...part };
    }
  }

  async function run(job: Job, frame: StartFrame): Promise<void> {
    const { signal } = job.controller;
    let failure: ErrorBody | undefined;
    try {
      for await (const output of answer(frame, signal)) {
        if (signal.aborted) continue;
        if (output.type === "job-events") noteCalls(job, output.events);
        push(job, { ...output, jobId: job.id, seq: job.nextSeq++ });
        while (job.frames.length >= maxUnackedFrames && !signal.aborted) await waitForRoom(job);
      }
    } catch (error) {
      if (!(error instanceof AppError)) log.error("job failed", { job: job.id, reason: String(error) });
      failure = toErrorBody(error);
    }
    // The router ended a cancelled job itself; it only waits for the slot.
    finish(job, signal.aborted ? undefined : failure);
  }

  function finish(job: Job, error: ErrorBody | undefined): void {
    job.finished = true;
    const isParked = error === undefined && job.callIds.length > 0 && engine.isParked?.(job.callIds) === true;
    push(job, {
      type: "job-done",
      jobId: job.id,
      seq: job.nextSeq++,
      ...(error === undefined ? {} : { error }),
      ...(isParked ? { parked: true } : {}),
    });
    log.debug("job done", { job: job.id, model: job.model, error: error?.code });
    const finished = [...jobs.values()].filter((one) => one.finished);
    if (finished.length > maxFinishedJobs) forget(finished[0] ?? job);
  }

  function push(job: Job, frame: JobFrame): void {
    if (jobs.get(job.id) !== job) return;
    job.frames.push(frame);
    send(frame);
  }

  function acknowledge(id: string, seq: number): void {
    const job = jobs.get(id);
    if (job === undefined) return;
    job.frames = job.frames.filter((frame) => frame.seq > seq);
    job.wake();
    if (job.finished && job.frames.length === 0) forget(job);
  }

  function cancel(job: Job): void {
    job.controller.abort();
    job.wake();
  }

  /** No frame of it is sent any more; its engine run is stopped. */
  function forget(job: Job): void {
    jobs.delete(job.id);
    cancel(job);
    if (jobs.size > 0) return;
    for (const resolve of idleWaiters) resolve();
    idleWaiters = [];
  }

  function countRunning(model: string): number {
    return [...jobs.values()].filter((job) => job.model === model && !job.finished).length;
  }

  /** A model that is away for a moment has no offer: then the engine says what is wrong. */
  function countSlots(model: string): number {
    return engine.offers().find((offer) => offer.model === model)?.slots ?? Number.POSITIVE_INFINITY;
  }

  return {
    ids: () => [...jobs.keys()],
    onFrame(frame) {
      if (frame.type === "job-start" || frame.type === "embed-start") {
        start(frame);
      } else if (frame.type === "job-cancel") {
        const job = jobs.get(frame.jobId);
        if (job !== undefined) cancel(job);
      } else if (frame.type === "job-ack") {
        acknowledge(frame.jobId, frame.seq);
      }
    },
    onWelcome(welcome) {
      clearTimeout(giveUp);
      resumeWindowMs = welcome.resumeWindowMs;
      const wanted = new Map(welcome.resume.map((one) => [one.jobId, one.nextSeq]));
      for (const job of jobs.values()) {
        const nextSeq = wanted.get(job.id);
        if (nextSeq === undefined) {
          log.warn("the router gave a job up", { job: job.id });
          forget(job);
          continue;
        }
        acknowledge(job.id, nextSeq - 1);
        for (const frame of job.frames) send(frame);
      }
    },
    onLinkLost() {
      clearTimeout(giveUp);
      giveUp = setTimeout(() => {
        if (jobs.size > 0) log.warn("the link stayed away too long; jobs are given up", { jobs: jobs.size });
        for (const job of jobs.values()) forget(job);
      }, resumeWindowMs);
      giveUp.unref();
    },
    whenIdle: () =>
      jobs.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => void idleWaiters.push(resolve)),
    runningCount: () => [...jobs.values()].filter((job) => !job.finished).length,
  };
}

function noteCalls(job: Job, events: readonly ChatEvent[]): void {
  for (const event of events) if (event.type === "tool-call-start") job.callIds.push(event.id);
}

function waitForRoom(job: Job): Promise<void> {
  return new Promise((resolve) => {
    job.wake = resolve;
  });
}
