// The jobs on connected workers: starts them, takes their frames, ends them. Knows no queue and picks no worker.

import { AppError, fromErrorBody, type ErrorCode } from "@auxot/wire/errors";
import { ackEveryFrames, maxFrameBytes, type WorkerFrame } from "@auxot/wire/worker-frames";
import { createJobStream, type JobStream } from "./job-stream.ts";
import type { AnswerFrame, JobWork } from "./job-work.ts";
import type { Job, LiveWorker } from "./live-worker.ts";

export type JobFrame = Extract<WorkerFrame, { readonly type: "job-events" | "embed-vectors" | "job-done" }>;

export type JobBegin<Item> = {
  readonly worker: LiveWorker;
  readonly model: string;
  readonly jobId: string;
  readonly work: JobWork<Item>;
  /** Cancels the job. */
  readonly signal: AbortSignal;
  /** The job is over and the worker keeps a process waiting for the results of these tool calls. */
  onParked?(callIds: readonly string[]): void;
};

export type WorkerJobs = {
  /** Sends the job to the worker. */
  start<Item>(begin: JobBegin<Item>): JobStream<Item>;
  /** Throws `invalid_request` when a frame of the job is missing. */
  onFrame(worker: LiveWorker, frame: JobFrame): void;
  /** Ends the job here; the worker is not told. */
  drop(worker: LiveWorker, job: Job, error?: AppError): void;
  /** Drops what need not wait for the worker's return. */
  dropWithoutLoss(worker: LiveWorker): void;
};

export type WorkerJobEvents = {
  /** Of every job that is over. */
  onSlotFree(jobId: string): void;
  /** The worker said that a limit stands in the way of this model. Called before the slot is free. At GPU workers it is no account's. */
  onLimit(worker: LiveWorker, model: string, retryAfterMs: number | undefined): void;
};

export function createWorkerJobs({ onSlotFree, onLimit }: WorkerJobEvents): WorkerJobs {
  function drop(worker: LiveWorker, job: Job, error?: AppError): void {
    worker.jobs.delete(job.id);
    job.finish(error);
    onSlotFree(job.id);
  }

  return {
    drop,
    start<Item>({ worker, model, jobId, work, signal, onParked }: JobBegin<Item>): JobStream<Item> {
      const onAbort = (): void => {
        cancel();
        stream.finish(new AppError("cancelled", "The caller left."));
      };
      const stream = createJobStream<Item>({
        onRead(seq) {
          if (seq - job.acked < ackEveryFrames) return;
          job.acked = seq;
          worker.session.send({ type: "job-ack", jobId, seq });
        },
        onLeft: () => {
          signal.removeEventListener("abort", onAbort);
          cancel();
        },
      });
      const callIds: string[] = [];
      const job: Job = {
        id: jobId,
        model,
        push(frame) {
          stream.push(work.read(frame), frame.seq);
          if (onParked !== undefined) noteCallIds(frame, callIds);
        },
        park: () => onParked?.(callIds),
        finish: stream.finish,
        nextSeq: 0,
        acked: -1,
        cancelled: false,
      };
      const cancel = (): void => {
        if (!worker.jobs.has(jobId)) return;
        job.cancelled = true;
        // A worker that comes back cancels by itself every job it is not told to go on with.
        if (worker.state === "lost") drop(worker, job);
        else worker.session.send({ type: "job-cancel", jobId });
      };
      worker.jobs.set(jobId, job);
      signal.addEventListener("abort", onAbort, { once: true });
      if (!worker.session.send(work.begin(jobId, model, worker.provider.kind))) drop(worker, job, tooLargeError());
      return stream;
    },
    onFrame(worker, frame) {
      const job = worker.jobs.get(frame.jobId);
      // Frames of a job given up, or sent again after a lost link.
      if (job === undefined || frame.seq < job.nextSeq) return;
      if (frame.seq > job.nextSeq) {
        throw new AppError("invalid_request", `Job ${job.id}: frame ${job.nextSeq} is missing, ${frame.seq} came.`);
      }
      job.nextSeq += 1;
      if (frame.type !== "job-done") return job.push(frame);
      worker.session.send({ type: "job-ack", jobId: job.id, seq: frame.seq });
      // Before the slot is free: the request that brings the results may be waiting for one already.
      if (frame.parked) job.park();
      if (frame.error !== undefined && isLimit(frame.error.code)) onLimit(worker, job.model, frame.error.retryAfterMs);
      drop(worker, job, frame.error === undefined ? undefined : fromErrorBody(frame.error));
    },
    /**
     * Jobs that have shown nothing yet are better started again elsewhere than waited for. For cancelled ones nobody
     * waits, and the worker may not have heard of it: not being told to go on, it ends them.
     */
    dropWithoutLoss(worker) {
      for (const job of worker.jobs.values()) if (job.nextSeq === 0 || job.cancelled) drop(worker, job, lostError());
    },
  };
}

function isLimit(code: ErrorCode): boolean {
  return code === "rate_limited" || code === "insufficient_quota";
}

function noteCallIds(frame: AnswerFrame, callIds: string[]): void {
  if (frame.type !== "job-events") return;
  for (const event of frame.events) if (event.type === "tool-call-start") callIds.push(event.id);
}

/** A body of its own always fits; files that were fetched and conversations that were stored come on top. */
function tooLargeError(): AppError {
  return new AppError(
    "too_large",
    `With the files and the conversation that belong to it the request is larger than ${maxFrameBytes / 2 ** 20} MiB, which is the most a worker takes. Shorten it, or use a model of a cloud provider.`,
    { elsewhere: true },
  );
}

export function lostError(): AppError {
  return new AppError("worker_lost", "The connection to the worker was lost before the answer was complete.");
}
