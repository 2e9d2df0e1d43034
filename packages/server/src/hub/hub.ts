// The live workers: who is connected, what they offer, who is lost and forgotten. Joins sessions, dispatch and jobs;
// decides no order of sources.

import { createId, idPrefixes } from "@auxot/wire/ids";
import type { ChatRequest } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { WorkerView } from "@auxot/wire/operations/workers";
import { closeCodes, type HelloFrame } from "@auxot/wire/worker-frames";
import type { WebSocket } from "ws";
import type { Log } from "../platform/log.ts";
import { canRun, mergeOffers, viewWorker, type LiveWorker, type WorkerLogin, type WorkerOffer } from "./live-worker.ts";
import { createAffinity, type Holder } from "./affinity.ts";
import type { Conversation } from "./conversation.ts";
import { createDispatch, type Dispatch } from "./dispatch.ts";
import { createRecentOffers } from "./recent-offers.ts";
import { createAlarms, findWakeTime, isResting, restOffer } from "./rests.ts";
import { createScheduler, type Target } from "./scheduler.ts";
import { openSession, type Session, type SessionTimes } from "./session.ts";
import { createTokenCounts } from "./token-counts.ts";
import { createWorkerJobs, lostError } from "./worker-jobs.ts";

export type HubTimes = SessionTimes & {
  /** How long a lost link may take to come back before its jobs fail. */
  readonly resumeWindowMs: number;
  /** How long a model counts as busy, not unknown, after its last worker or engine went. */
  readonly rememberOffersMs: number;
};

/** With no free slot it is worth waiting for: busy, or away for a moment. */
export type HubOffer = WorkerOffer & { readonly freeSlots: number };

export type Hub = {
  /** Takes over an upgraded socket whose key was checked. */
  accept(socket: WebSocket, login: WorkerLogin): void;
  offers(): readonly HubOffer[];
  /** True while a connected worker offers a model. */
  isServing(): boolean;
  readonly start: Dispatch["start"];
  /** The worker that should go on with the conversation, if it is there and may take a job; `parked`: it waits for this request. */
  findHolder(conversation: Conversation): (Holder & { readonly parked: boolean }) | undefined;
  /** Exact, and needs no slot. Throws `worker_lost` when no connected worker has the model, or what the worker answered. */
  countTokens(target: Target, request: ChatRequest, signal: AbortSignal): Promise<number>;
  workers(): readonly WorkerView[];
  /** Requests that wait for a slot. */
  queueLength(): number;
  disconnectKey(keyId: string): void;
  /** Refuses every request that waits, from now on too, and tells the workers that the router stops. */
  announceShutdown(): void;
  /** Before the links go, workers get a moment to say that their jobs are over; otherwise they would keep them for a return. */
  close(): Promise<void>;
};

const jobsEndWithinMs = 1000;
const countWithinMs = 10_000;

export type HubDeps = {
  readonly times: HubTimes;
  /** Requests that may wait for a slot at once. */
  readonly maxQueued: number;
  readonly log: Log;
  /** Offers came, changed or went. */
  onOffersChanged?(): void;
};

export function createHub(deps: HubDeps): Hub {
  const { times, log } = deps;
  const scheduler = createScheduler(deps.maxQueued);
  const workers = new Map<string, LiveWorker>();
  /** Sessions before their hello, with the key they opened with. */
  const greeting = new Map<Session, string>();
  const recent = createRecentOffers(times.rememberOffersMs);
  const jobs = createWorkerJobs({
    onSlotFree(jobId) {
      dispatch.apply(scheduler.onSlotFree(jobId));
      checkIdle();
    },
    onLimit(worker, model, retryAfterMs) {
      if (worker.provider.kind !== "cli") return;
      worker.hello = { ...worker.hello, offers: restOffer(worker.hello.offers, model, retryAfterMs, Date.now()) };
      announce(worker);
    },
  });
  const affinity = createAffinity(Date.now);
  const findWorker = (id: string): LiveWorker | undefined => workers.get(id);
  const dispatch = createDispatch({ scheduler, affinity, findWorker, startJob: jobs.start });
  const counts = createTokenCounts(countWithinMs);
  const wakes = createAlarms((workerId) => {
    const worker = workers.get(workerId);
    if (worker !== undefined) announce(worker);
  });
  let stopping = false;
  /** There while `close` waits. */
  let onIdle: (() => void) | undefined;

  function accept(socket: WebSocket, login: WorkerLogin): void {
    let worker: LiveWorker | undefined;
    const session = openSession(
      socket,
      {
        onHello(frame) {
          worker = join(frame, login, session);
          greeting.delete(session);
        },
        onFrame(frame) {
          if (worker === undefined || worker.session !== session) return;
          switch (frame.type) {
            case "offers":
              worker.hello = { ...worker.hello, offers: frame.offers };
              return announce(worker);
            case "drain":
              worker.state = "draining";
              scheduler.onWorkerPaused(worker.id);
              log.info({ worker: worker.hello.name }, "worker drains");
              return noteOffers(false);
            case "tokens-counted":
              return counts.onFrame(frame);
            case "job-events":
            case "embed-vectors":
            case "job-done":
              return jobs.onFrame(worker, frame);
          }
        },
        onClosed() {
          counts.onSessionClosed(session);
          if (worker?.session === session) onLost(worker);
        },
      },
      times,
      log,
    );
    greeting.set(session, login.keyId);
    socket.once("close", () => greeting.delete(session));
  }

  function join(frame: HelloFrame, login: WorkerLogin, session: Session): LiveWorker {
    if (frame.kind !== login.provider.kind) {
      throw new AppError(
        "forbidden",
        `This key belongs to the ${login.provider.kind} provider "${login.provider.name}", but the worker is a ${frame.kind} worker. Give it a key of a ${frame.kind} provider: npx auxot keys create --name NAME --worker --provider ${frame.kind}`,
      );
    }
    const known = [...workers.values()].find(
      (one) => one.hello.instanceId === frame.instanceId && one.keyId === login.keyId,
    );
    const worker: LiveWorker = known ?? {
      id: createId(idPrefixes.worker),
      keyId: login.keyId,
      provider: login.provider,
      jobs: new Map(),
      connectedAt: Date.now(),
      hello: frame,
      session,
      state: "online",
    };
    if (known !== undefined) rejoin(known, frame, session);
    workers.set(worker.id, worker);
    session.send({
      type: "welcome",
      workerId: worker.id,
      pingEveryMs: times.pingEveryMs,
      silenceLimitMs: times.silenceLimitMs,
      resumeWindowMs: times.resumeWindowMs,
      resume: [...worker.jobs.values()].map((job) => ({ jobId: job.id, nextSeq: job.nextSeq })),
    });
    log.info({ worker: frame.name, provider: login.provider.name, again: known !== undefined }, "worker connected");
    announce(worker);
    return worker;
  }

  /** Goes on with the jobs both sides still have; the rest is lost on one side and so over on both. */
  function rejoin(worker: LiveWorker, frame: HelloFrame, session: Session): void {
    clearTimeout(worker.lostTimer);
    const old = worker.session;
    worker.session = session;
    if (worker.state !== "lost") {
      old.close(closeCodes.replaced, "replaced by a newer link");
      // A slot that comes free below must not get a job before the new link is welcomed: it would be dropped in turn.
      scheduler.onWorkerPaused(worker.id);
      jobs.dropWithoutLoss(worker);
    }
    worker.hello = frame;
    worker.state = "online";
    for (const job of worker.jobs.values()) if (!frame.jobs.includes(job.id)) jobs.drop(worker, job, lostError());
  }

  /** What rests is offered when its time comes, without a word of the worker. */
  function announce(worker: LiveWorker): void {
    if (worker.state !== "online") return;
    const now = Date.now();
    const { offers } = worker.hello;
    const awake = offers.filter((offer) => !isResting(offer, now));
    dispatch.apply(scheduler.onOffers(worker.id, worker.provider.id, awake));
    wakes.set(worker.id, findWakeTime(offers, now), now);
    noteOffers();
  }

  function listOffers(): WorkerOffer[] {
    const live = [...workers.values()].filter(({ state }) => state !== "draining");
    return mergeOffers(live, Date.now());
  }

  function noteOffers(remember = true): void {
    recent.onChange(listOffers(), Date.now(), remember);
    dispatch.retarget();
    deps.onOffersChanged?.();
  }

  function onLost(worker: LiveWorker): void {
    const hadDrained = worker.state === "draining" && worker.jobs.size === 0;
    worker.state = "lost";
    checkIdle();
    scheduler.onWorkerPaused(worker.id);
    if (hadDrained) return forget(worker);
    log[stopping ? "debug" : "warn"]({ worker: worker.hello.name, jobs: worker.jobs.size }, "worker link lost");
    jobs.dropWithoutLoss(worker);
    worker.lostTimer = setTimeout(
      () => forget(worker),
      worker.jobs.size > 0 ? times.resumeWindowMs : Math.min(times.resumeWindowMs, 2000),
    );
    worker.lostTimer.unref();
  }

  function forget(worker: LiveWorker): void {
    clearTimeout(worker.lostTimer);
    workers.delete(worker.id);
    wakes.set(worker.id, undefined, 0);
    scheduler.onWorkerGone(worker.id);
    affinity.onWorkerGone(worker.id);
    for (const job of worker.jobs.values()) job.finish(lostError());
    worker.jobs.clear();
    log.info({ worker: worker.hello.name }, "worker gone");
    noteOffers();
    checkIdle();
  }

  function checkIdle(): void {
    if (onIdle === undefined) return;
    if ([...workers.values()].every((worker) => worker.state === "lost" || worker.jobs.size === 0)) onIdle();
  }

  function waitForIdle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, jobsEndWithinMs);
      onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
      checkIdle();
    });
  }

  return {
    accept,
    start: dispatch.start,
    offers: () => [
      ...listOffers().map(({ provider, offer }) => ({
        provider,
        offer,
        freeSlots: scheduler.freeSlots({ providerId: provider.id, model: offer.model }),
      })),
      ...recent.list(Date.now()).map((offer) => ({ ...offer, freeSlots: 0 })),
    ],
    findHolder(conversation) {
      const parked = affinity.findParked(conversation);
      const holder = parked ?? affinity.findLast(conversation);
      const worker = workers.get(holder?.workerId ?? "");
      if (holder === undefined || worker === undefined || !canRun(worker, holder.model, Date.now())) return undefined;
      return { ...holder, parked: parked !== undefined };
    },
    isServing: () => [...workers.values()].some(({ state, hello }) => state === "online" && hello.offers.length > 0),
    async countTokens(target, request, signal) {
      const worker = [...workers.values()].find(
        ({ state, provider, hello }) =>
          state !== "lost" &&
          provider.id === target.providerId &&
          hello.offers.some(({ model }) => model === target.model),
      );
      if (worker === undefined) throw lostError();
      return counts.ask(worker, { ...request, model: target.model }, signal);
    },
    queueLength: scheduler.queueLength,
    workers: () =>
      [...workers.values()].map((worker) => viewWorker(worker, (model) => scheduler.busySlots(worker.id, model))),
    disconnectKey(keyId) {
      const revoked = { code: "unauthenticated", message: "This worker's key was revoked." } as const;
      for (const [session, id] of greeting) if (id === keyId) session.refuse(revoked);
      for (const worker of workers.values()) {
        if (worker.keyId !== keyId) continue;
        worker.session.refuse(revoked);
        forget(worker);
      }
    },
    announceShutdown() {
      stopping = true;
      dispatch.stop();
      for (const worker of workers.values()) worker.session.send({ type: "shutdown" });
    },
    async close() {
      await waitForIdle();
      for (const session of greeting.keys()) session.close(closeCodes.shutdown, "the router stops");
      for (const worker of workers.values()) {
        worker.session.close(closeCodes.shutdown, "the router stops");
        forget(worker);
      }
    },
  };
}
