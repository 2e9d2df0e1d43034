// A connected worker as the hub keeps it, and what may be said of one or of all of them. Pure but for the clock of its session.

import type { AppError } from "@auxot/wire/errors";
import type { ModelOffer } from "@auxot/wire/model-offer";
import type { WorkerView } from "@auxot/wire/operations/workers";
import type { HelloFrame } from "@auxot/wire/worker-frames";
import type { AnswerFrame } from "./job-work.ts";
import { isResting, mergeRoom } from "./rests.ts";
import type { Session } from "./session.ts";

/** The provider a worker's key belongs to. */
export type WorkerProvider = { readonly id: string; readonly name: string; readonly kind: "gpu" | "cli" };
export type WorkerLogin = { readonly keyId: string; readonly provider: WorkerProvider };

/** A job on a worker. `nextSeq` is the frame expected next, `acked` the last one acknowledged; nobody reads a `cancelled` one. */
export type Job = {
  readonly id: string;
  readonly model: string;
  /** Takes the next frame of the answer. Throws `invalid_request` for one that does not belong to it. */
  push(frame: AnswerFrame): void;
  /** The worker keeps a process for what the caller sends next. */
  park(): void;
  /** The answer is over; with `error` it failed. */
  finish(error?: AppError): void;
  nextSeq: number;
  acked: number;
  cancelled: boolean;
};

/** `lost`: the link is gone, and may come back before `lostTimer`. */
export type LiveWorker = {
  readonly id: string;
  readonly keyId: string;
  readonly provider: WorkerProvider;
  readonly jobs: Map<string, Job>;
  readonly connectedAt: number;
  hello: HelloFrame;
  session: Session;
  state: "online" | "draining" | "lost";
  lostTimer?: NodeJS.Timeout;
};

/** What the workers of a provider offer of one model, taken together. */
export type WorkerOffer = { readonly provider: WorkerProvider; readonly offer: ModelOffer };

/** One offer a provider and model: what every worker that has it can do. It rests while all of them rest. */
export function mergeOffers(workers: readonly LiveWorker[], now: number): WorkerOffer[] {
  const merged = new Map<string, WorkerOffer>();
  for (const { provider, hello } of workers) {
    for (const offer of hello.offers) {
      const id = `${provider.id} ${offer.model}`;
      const other = merged.get(id)?.offer;
      merged.set(id, { provider, offer: other === undefined ? offer : mergeOffer(other, offer, now) });
    }
  }
  return [...merged.values()];
}

function mergeOffer(a: ModelOffer, b: ModelOffer, now: number): ModelOffer {
  const { slots: _slots, restsUntil: _restsUntil, load: _load, ...first } = a;
  const contexts = [a.contextTokens, b.contextTokens].filter((tokens) => tokens !== undefined);
  return {
    ...first,
    aliases: [...new Set([...a.aliases, ...b.aliases])],
    abilities: {
      tools: a.abilities.tools && b.abilities.tools,
      images: a.abilities.images && b.abilities.images,
      reasoning: a.abilities.reasoning && b.abilities.reasoning,
      ...(a.abilities.embeddings && b.abilities.embeddings ? { embeddings: true } : {}),
      ...(a.abilities.infill && b.abilities.infill ? { infill: true } : {}),
    },
    ...(contexts.length > 0 ? { contextTokens: Math.min(...contexts) } : {}),
    ...mergeRoom(a, b, now),
  };
}

/** Whether it may be given a job on the model now, if it has a free slot. */
export function canRun({ state, hello }: LiveWorker, model: string, now: number): boolean {
  return state === "online" && hello.offers.some((offer) => offer.model === model && !isResting(offer, now));
}

/** As people see it. `busySlots` gives the slots of one of its models that run a job. */
export function viewWorker(worker: LiveWorker, busySlots: (model: string) => number): WorkerView {
  const { hello } = worker;
  return {
    id: worker.id,
    name: hello.name,
    kind: hello.kind,
    provider: worker.provider.name,
    engine: hello.engine,
    version: hello.version,
    state: worker.state,
    hardware: hello.hardware,
    models: hello.offers.map(({ model, slots, restsUntil, load }) => ({
      model,
      slots,
      busySlots: busySlots(model),
      ...(restsUntil === undefined ? {} : { restsUntil: formatTime(restsUntil) }),
      ...(load === undefined ? {} : { load }),
    })),
    connectedAt: new Date(worker.connectedAt).toISOString(),
    lastSeenAt: new Date(worker.session.lastSeenAt()).toISOString(),
  };
}

/** A worker may name any number; dates end at some. */
function formatTime(ms: number): string {
  return new Date(Math.min(ms, 8.64e15)).toISOString();
}
