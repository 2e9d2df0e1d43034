// Owns the way of finished spans to the collector: a bounded queue, one batch under way at a time. A collector that is
// away loses spans, is told of once in the log, and is never waited for.

import type { Log } from "./log.ts";

export type SpanQueue<Item> = {
  /** Never throws, never waits. */
  push(item: Item): void;
  lost(): number;
  /** Sends what is left, for `closeWithinMs` at most. Never rejects. */
  close(): Promise<void>;
};

export type SpanQueueDeps<Item> = {
  /** Gives the reason when the batch was not taken; tries again by itself as long as that makes sense. Never rejects. */
  send(batch: Item[]): Promise<string | undefined>;
  /** For the log: the address without what is secret. */
  readonly collector: string;
  readonly log: Log;
  readonly maxWaiting?: number;
  readonly maxBatch?: number;
  readonly sendEveryMs?: number;
  readonly closeWithinMs?: number;
};

export function createSpanQueue<Item>(deps: SpanQueueDeps<Item>): SpanQueue<Item> {
  const { send, collector, log, maxWaiting = 4096, maxBatch = 512, sendEveryMs = 2000, closeWithinMs = 2000 } = deps;
  let waiting: Item[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let lost = 0;
  let isAway = false;

  function schedule(delayMs: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      sending ??= sendAll().finally(() => {
        sending = undefined;
        if (waiting.length > 0) schedule(sendEveryMs);
      });
    }, delayMs).unref();
  }

  /** Until the queue is empty, or a batch was refused. */
  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      const reason = await send(batch);
      if (reason === undefined) {
        if (isAway) log.info({ collector }, "the trace collector takes spans again");
        isAway = false;
        continue;
      }
      lost += batch.length;
      if (!isAway) log.warn({ collector, reason }, "the trace collector takes no spans; what it misses is lost");
      isAway = true;
      return;
    }
  }

  async function sendRest(): Promise<void> {
    await sending;
    await sendAll();
  }

  return {
    push(item) {
      if (waiting.length >= maxWaiting) {
        lost += 1;
        return;
      }
      waiting.push(item);
      if (sending !== undefined) return;
      if (waiting.length === maxBatch) {
        clearTimeout(timer);
        timer = undefined;
      }
      schedule(waiting.length >= maxBatch ? 0 : sendEveryMs);
    },
    lost: () => lost,
    async close() {
      clearTimeout(timer);
      const late = Promise.withResolvers<void>();
      const limit = setTimeout(late.resolve, closeWithinMs);
      await Promise.race([sendRest(), late.promise]);
      clearTimeout(limit);
      clearTimeout(timer);
    },
  };
}
