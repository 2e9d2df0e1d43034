// Owns telling the webhook of events, each at least once: they are written together with what they are about, and told from
// the database by one router at a time. Nothing of a request waits for it.

import { createDelivery, type DeliveryClaims, type DeliveryTurn } from "../../platform/delivery.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Executor } from "../../store/database.ts";
import type { WebhookEvent } from "@auxot/wire/webhook-event";
import { longestSendMs, type SendToWebhook } from "./send.ts";
import type { WaitingEvent, WebhookStore } from "./store.ts";

/** Since the start of this router; `waiting` as the router that tells the webhook last saw it. */
export type WebhookCounts = {
  readonly delivered: number;
  /** Times an event was sent in vain. */
  readonly failedTries: number;
  /** Given up. */
  readonly lost: number;
  readonly waiting: number;
};

export type Webhook = {
  /** In the transaction that writes what the event is about. Call `wake` when that is there for everybody. */
  announce(tx: Executor, event: WebhookEvent): Promise<void>;
  wake(): void;
  /** Tells what is due now; how many were taken. Throws while the receiver is away. */
  pump(): Promise<number>;
  counts(): WebhookCounts;
  start(): void;
  /** Never rejects. */
  close(): Promise<void>;
};

export type WebhookDeps = {
  readonly store: WebhookStore;
  readonly claims: DeliveryClaims;
  readonly send: SendToWebhook;
  /** Of this router; the same again after a restart where no other can be on this database. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly lookEveryMs?: number;
};

const stream = "webhook";
const batchSize = 20;
const firstPauseMs = 5000;
const longestPauseMs = 5 * 60 * 1000;
const hourMs = 60 * 60 * 1000;
/** What nobody took for so long is no news. */
const giveUpAfterMs = 24 * hourMs;
const mostWaiting = 1000;
const forgetAfterMs = 30 * 24 * hourMs;
const forgetAtOnce = 1000;
const words = {
  away: "The webhook takes no events; trying again",
  back: "The webhook takes events again",
};

export function createWebhook({ store, claims, send, owner, clock, log, lookEveryMs }: WebhookDeps): Webhook {
  let counts: WebhookCounts = { delivered: 0, failedTries: 0, lost: 0, waiting: 0 };
  let isRefused = false;
  let forgottenAt = 0;

  async function tell({ keep, signal }: DeliveryTurn): Promise<number> {
    await giveUp();
    let taken = 0;
    try {
      while (!signal.aborted) {
        const due = await store.listDue(new Date(clock.now()), batchSize);
        for (const event of due) {
          if (signal.aborted || !(await keep(0))) return taken;
          if (await tellOne(event, signal)) taken++;
        }
        if (due.length < batchSize) break;
      }
      return taken;
    } finally {
      counts = { ...counts, waiting: await store.countWaiting() };
    }
  }

  /** Throws when the receiver is away: the others would wait for nothing. */
  async function tellOne({ id, type, body, tries }: WaitingEvent, signal: AbortSignal): Promise<boolean> {
    const { isTaken, isAway, problem } = await send(id, body, signal);
    const now = clock.now();
    if (isTaken) {
      await store.setDelivered(id, new Date(now));
      counts = { ...counts, delivered: counts.delivered + 1 };
      isRefused = false;
      return true;
    }
    counts = { ...counts, failedTries: counts.failedTries + 1 };
    await store.setTried(id, new Date(now + Math.min(firstPauseMs * 2 ** tries, longestPauseMs)));
    if (isAway) throw new Error(`The webhook did not take the event ${id}: ${problem}.`);
    if (!isRefused) log.warn({ event: id, type, problem }, "The webhook refused an event; it is tried again for a day");
    isRefused = true;
    return false;
  }

  async function giveUp(): Promise<void> {
    const now = clock.now();
    const lost = await store.giveUp(new Date(now - giveUpAfterMs), mostWaiting);
    if (lost > 0) {
      counts = { ...counts, lost: counts.lost + lost };
      log.error({ events: lost }, "Events were given up: the webhook did not take them for a day, or too many waited");
    }
    if (now - forgottenAt < hourMs) return;
    forgottenAt = now;
    await store.forget(new Date(now - forgetAfterMs), forgetAtOnce);
  }

  const watchedClaims: DeliveryClaims = {
    ...claims,
    async claim(...asked) {
      const from = await claims.claim(...asked);
      // Another router counts them.
      if (from === undefined) counts = { ...counts, waiting: 0 };
      return from;
    },
  };
  const { pump, start, wake, close } = createDelivery({
    stream,
    claims: watchedClaims,
    owner,
    tell,
    words,
    clock,
    log,
    ownedForMs: 2 * longestSendMs,
    ...(lookEveryMs === undefined ? {} : { lookEveryMs }),
  });
  return { announce: (tx, event) => store.insert(tx, event), wake, pump, counts: () => counts, start, close };
}

/** Where no webhook is configured: nobody is told, and nothing is kept for it. */
export const noWebhook: Webhook = {
  announce: async () => {},
  wake() {},
  pump: async () => 0,
  counts: () => ({ delivered: 0, failedTries: 0, lost: 0, waiting: 0 }),
  start() {},
  close: async () => {},
};
