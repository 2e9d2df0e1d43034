// Requests on their way to a slot: asks the scheduler, carries out its effects, and waits with whoever must wait. Picks
// nothing itself.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Affinity, Holder } from "./affinity.ts";
import type { Conversation } from "./conversation.ts";
import type { JobBatch } from "./job-stream.ts";
import type { JobWork } from "./job-work.ts";
import type { LiveWorker, WorkerProvider } from "./live-worker.ts";
import type { Effect, Scheduler, SlotRequest, Target } from "./scheduler.ts";
import type { JobBegin, WorkerJobs } from "./worker-jobs.ts";

export type JobCall<Item> = {
  readonly callerId: string;
  /** What it goes on from: of free workers the one that had it is taken. Absent: from nothing. */
  readonly conversation?: Conversation;
  readonly work: JobWork<Item>;
  /** Asked again whenever offers change while the job waits. */
  targets(): readonly Target[];
  readonly waitMs: number;
};

export type StartedJob<Item> = {
  readonly worker: string;
  readonly provider: WorkerProvider;
  readonly model: string;
  readonly batches: AsyncIterable<JobBatch<Item>>;
};

export type Dispatch = {
  /** Resolves when a worker got the job. Throws `no_capacity` after `waitMs`, `cancelled` when `signal` aborts first. Afterwards `signal` cancels the job. */
  start<Item>(call: JobCall<Item>, signal: AbortSignal): Promise<StartedJob<Item>>;
  /** Carries out what the scheduler decided. */
  apply(effects: readonly Effect[]): void;
  /** Offers changed: waiting requests say anew what they may take. */
  retarget(): void;
  /** Refuses every request that waits, from now on too. */
  stop(): void;
};

export type DispatchDeps = {
  readonly scheduler: Scheduler;
  readonly affinity: Omit<Affinity, "onWorkerGone">;
  findWorker(id: string): LiveWorker | undefined;
  readonly startJob: WorkerJobs["start"];
};

type Pending = {
  readonly call: Pick<JobCall<unknown>, "targets">;
  /** Takes the request out of the queue and refuses it. */
  giveUp(error: AppError): void;
  settle(result: { readonly worker: LiveWorker; readonly model: string } | AppError): void;
};

export function createDispatch({ scheduler, affinity, findWorker, startJob }: DispatchDeps): Dispatch {
  const pending = new Map<string, Pending>();
  let stopping = false;

  function apply(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const waiter = pending.get(effect.requestId);
      if (effect.type === "refuse") {
        waiter?.settle(explainBusy(stopping ? "stopping" : effect.reason));
        continue;
      }
      const worker = findWorker(effect.workerId);
      if (waiter !== undefined && worker !== undefined) waiter.settle({ worker, model: effect.model });
      else apply(scheduler.onSlotFree(effect.requestId));
    }
  }

  function preferHolder({ conversation }: JobCall<unknown>): Pick<SlotRequest, "preferWorkerId"> {
    if (conversation === undefined) return {};
    const holder = affinity.findParked(conversation) ?? affinity.findLast(conversation);
    return holder === undefined ? {} : { preferWorkerId: holder.workerId };
  }

  /** Remembers where the conversation is now, and later what waits for it there. */
  function follow(
    { conversation }: JobCall<unknown>,
    { id: workerId, provider }: LiveWorker,
    model: string,
  ): Pick<JobBegin<unknown>, "onParked"> {
    if (conversation === undefined) return {};
    const holder: Holder = { workerId, provider: provider.name, model };
    affinity.onStart(conversation, holder);
    return { onParked: (callIds) => affinity.onParked(conversation.callerId, callIds, holder) };
  }

  function start<Item>(call: JobCall<Item>, signal: AbortSignal): Promise<StartedJob<Item>> {
    const jobId = createId(idPrefixes.job);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => giveUp(explainBusy("busy")), call.waitMs);
      const onAbort = (): void => giveUp(new AppError("cancelled", "The caller left."));
      const giveUp = (error: AppError): void => {
        scheduler.onCancel(jobId);
        pending.get(jobId)?.settle(error);
      };
      pending.set(jobId, {
        call,
        giveUp,
        settle(result) {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          pending.delete(jobId);
          if (result instanceof AppError) return reject(result);
          const { worker, model } = result;
          const stream = startJob({ worker, model, jobId, work: call.work, signal, ...follow(call, worker, model) });
          resolve({ worker: worker.hello.name, provider: worker.provider, model, batches: stream.batches });
        },
      });
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      apply(
        scheduler.onRequest({
          requestId: jobId,
          callerId: call.callerId,
          targets: call.targets(),
          ...preferHolder(call),
          mayWait: call.waitMs > 0 && !stopping,
        }),
      );
    });
  }

  return {
    start,
    apply,
    retarget() {
      for (const [jobId, { call }] of pending) apply(scheduler.onTargets(jobId, call.targets()));
    },
    stop() {
      stopping = true;
      for (const waiter of pending.values()) waiter.giveUp(explainBusy("stopping"));
    },
  };
}

const busyMessages = {
  busy: { message: "Every worker that could answer is busy, and none came free in time.", retryAfterMs: 2000 },
  "queue-full": { message: "Too many requests are waiting already.", retryAfterMs: 10_000 },
  stopping: { message: "The router is stopping.", retryAfterMs: 5000 },
} as const;

function explainBusy(reason: keyof typeof busyMessages): AppError {
  const { message, retryAfterMs } = busyMessages[reason];
  return new AppError("no_capacity", `${message} Try again shortly.`, { retryAfterMs });
}
