// Reads the state of the router into the gauges when they are asked for. Counts nothing itself.

import type { WorkerView } from "@auxot/wire/operations/workers";
import type { WebhookCounts } from "../records/webhook/webhook.ts";
import type { Offer } from "../sources/source.ts";
import type { UpstreamPool } from "../sources/upstream.ts";
import type { MetricInstruments } from "./metrics.ts";

/** Asked at each scrape; none may take long. */
export type Readers = {
  running(): number;
  offers(): readonly Offer[];
  workers(): readonly WorkerView[];
  queueLength(): number;
  upstreams(): readonly UpstreamPool[];
  backgroundRuns(): number;
  responses(): { readonly kept: number; readonly lost: number };
  usage(): { readonly waiting: number; readonly lost: number };
  spansLost(): number;
  webhook(): WebhookCounts;
  /** Resolves when the database answers. */
  pingDatabase(): Promise<void>;
};

const pingWithinMs = 1000;
const offerStates = ["free", "busy", "resting"] as const;
const workerStates = ["online", "draining", "lost"] as const;

/**
 * Gives the seconds until the database answers, or undefined when it takes longer than one. A ping that hangs is not
 * followed by another.
 */
export function pingWithin(ping: () => Promise<void>): () => Promise<number | undefined> {
  let hanging: Promise<boolean> | undefined;
  return async () => {
    const startedAt = performance.now();
    hanging ??= ping()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        hanging = undefined;
      });
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), pingWithinMs);
    const isUp = await Promise.race([hanging, late.promise]);
    clearTimeout(timer);
    return isUp ? (performance.now() - startedAt) / 1000 : undefined;
  };
}

/** `pingSeconds` undefined: the database is away. Nothing here waits, so that two scrapes do not mix. */
export function fillGauges(
  instruments: MetricInstruments,
  readers: Readers,
  nameModel: (model: string) => string,
  pingSeconds: number | undefined,
): void {
  instruments.httpRunning.set(readers.running());
  instruments.queueLength.set(readers.queueLength());
  instruments.backgroundRuns.set(readers.backgroundRuns());
  fillOffers(instruments, readers.offers());
  fillWorkers(instruments, readers.workers(), nameModel);
  fillUpstreams(instruments, readers.upstreams());
  instruments.databaseUp.set(pingSeconds === undefined ? 0 : 1);
  if (pingSeconds !== undefined) instruments.databasePing.set(pingSeconds);
  const [usage, responses] = [readers.usage(), readers.responses()];
  instruments.usageWaiting.set(usage.waiting);
  setTotal(instruments.usageLost, usage.lost);
  setTotal(instruments.responsesKept, responses.kept);
  setTotal(instruments.responsesLost, responses.lost);
  setTotal(instruments.spansLost, readers.spansLost());
  const webhook = readers.webhook();
  setTotal(instruments.webhookDelivered, webhook.delivered);
  setTotal(instruments.webhookFailed, webhook.failedTries);
  setTotal(instruments.webhookLost, webhook.lost);
  instruments.webhookWaiting.set(webhook.waiting);
}

function setTotal(counter: MetricInstruments["usageLost"], total: number): void {
  counter.reset();
  counter.inc(total);
}

function fillOffers({ offers: gauge }: MetricInstruments, offers: readonly Offer[]): void {
  gauge.reset();
  const now = Date.now();
  for (const offer of offers) {
    const { provider, tier } = offer;
    const isResting = offer.restsUntil !== undefined && offer.restsUntil > now;
    const stateNow = isResting ? "resting" : offer.freeSlots > 0 ? "free" : "busy";
    for (const state of offerStates) gauge.inc({ provider, tier, state }, state === stateNow ? 1 : 0);
  }
}

function fillWorkers(
  instruments: MetricInstruments,
  workers: readonly WorkerView[],
  nameModel: (model: string) => string,
): void {
  for (const gauge of [instruments.workers, instruments.slots, instruments.slotsBusy]) gauge.reset();
  for (const { provider, kind, state, models } of workers) {
    for (const each of workerStates) instruments.workers.inc({ provider, kind, state: each }, each === state ? 1 : 0);
    if (state !== "online") continue;
    for (const { model, slots, busySlots } of models) {
      const labels = { provider, model: nameModel(model) };
      instruments.slots.inc(labels, slots);
      instruments.slotsBusy.inc(labels, busySlots);
    }
  }
}

function fillUpstreams(instruments: MetricInstruments, pools: readonly UpstreamPool[]): void {
  const { upstreamConnections, upstreamRunning, upstreamWaiting } = instruments;
  for (const gauge of [upstreamConnections, upstreamRunning, upstreamWaiting]) gauge.reset();
  for (const { origin, connections, running, waiting } of pools) {
    upstreamConnections.set({ origin }, connections);
    upstreamRunning.set({ origin }, running);
    upstreamWaiting.set({ origin }, waiting);
  }
}
