// Owns the way of usage rows to the database, off the path of requests. Keeps them in memory while the database is away.

import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { UsageRow, UsageStore } from "./store.ts";

export type UsageWriter = {
  /** Never throws and never waits. */
  record(row: UsageRow): void;
  /** Rows that are not written yet, and those that never will be. */
  backlog(): { readonly waiting: number; readonly lost: number };
  /** Resolves when every recorded row is written, or after `closeTimeoutMs` with a log line that counts the lost ones. */
  close(): Promise<void>;
};

export type UsageWriterDeps = {
  readonly insert: UsageStore["insert"];
  readonly clock: Clock;
  readonly log: Log;
  readonly flushEveryMs?: number;
  readonly maxBatch?: number;
  /** Rows kept while the database is away; beyond it new ones are dropped and counted in the log. */
  readonly maxRows?: number;
  readonly closeTimeoutMs?: number;
};

const longestRetryMs = 30_000;

export function createUsageWriter(deps: UsageWriterDeps): UsageWriter {
  const { insert, clock, log, flushEveryMs = 1000, maxBatch = 500, maxRows = 100_000, closeTimeoutMs = 10_000 } = deps;
  /** Oldest first. Rows under way stay in it until they are written. */
  const rows: UsageRow[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let failures = 0;
  let dropped = 0;
  let lost = 0;
  let closing = false;

  function schedule(delayMs: number): void {
    if (timer !== undefined || running !== undefined || closing) return;
    timer = setTimeout(() => {
      timer = undefined;
      running = writeAndGoOn();
    }, delayMs);
    timer.unref();
  }

  async function writeAndGoOn(): Promise<void> {
    await writeAll();
    running = undefined;
    if (rows.length > 0) schedule(Math.min(flushEveryMs * 2 ** failures, longestRetryMs));
  }

  /** Writes batch after batch until none is left or one fails. Never rejects. */
  async function writeAll(): Promise<void> {
    while (rows.length > 0) {
      const batch = rows.slice(0, maxBatch);
      try {
        await writeBatch(batch);
      } catch (err) {
        failures++;
        log.error({ err, waiting: rows.length }, "Cannot write usage; trying again");
        return;
      }
      rows.splice(0, batch.length);
      failures = 0;
    }
    if (dropped === 0) return;
    log.error({ dropped }, "Usage of requests was lost while the database was away");
    dropped = 0;
  }

  /** One bad row must not hold up the others: when the database refuses a batch, it gets the rows one by one. */
  async function writeBatch(batch: readonly UsageRow[]): Promise<void> {
    try {
      await insert(batch);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      for (const row of batch) {
        try {
          await insert([row]);
        } catch (err) {
          if (!isRefusal(err)) throw err;
          lost++;
          log.error({ err, requestId: row.id }, "The database refused the usage of a request; it is lost");
        }
      }
    }
  }

  async function writeRest(): Promise<void> {
    const deadline = clock.now() + closeTimeoutMs;
    for (let pauseMs = 100; ; pauseMs *= 2) {
      await running;
      await writeAll();
      if (rows.length === 0 || clock.now() + pauseMs > deadline) return;
      await wait(pauseMs);
    }
  }

  return {
    record(row) {
      if (rows.length >= maxRows) {
        if (dropped === 0) log.error({ maxRows }, "Usage is being lost: the database has been away for too long");
        dropped++;
        lost++;
        return;
      }
      rows.push(row);
      schedule(flushEveryMs);
    },
    backlog: () => ({ waiting: rows.length, lost }),
    async close() {
      closing = true;
      clearTimeout(timer);
      timer = undefined;
      // A database that hangs answers no insert at all.
      const limit = new AbortController();
      await Promise.race([writeRest(), wait(closeTimeoutMs, undefined, { signal: limit.signal })]);
      limit.abort();
      if (rows.length === 0) return;
      log.error({ lost: rows.length }, "Stopping with usage that could not be written");
    },
  };
}

/** SQLSTATE classes 22 and 23: the data is at fault, so that trying again is no use. */
function isRefusal(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && /^2[23]...$/.test(at.code)) return true;
  }
  return false;
}
