// Owns when usage rows are added up and when they are deleted: in small steps, so that nobody waits for them.

import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { RollupStore, StepResult } from "./rollup-store.ts";

export type UsageRetention = {
  /** How long each request is kept. */
  readonly recordDays: number;
  /** How long its hours and days are. */
  readonly rollupMonths: number;
};

export type UsageTender = {
  /** Adds up all rows there are, and deletes what is old enough. Rejects when the database fails. */
  tend(): Promise<void>;
  /** Stops after the step that runs. */
  close(): Promise<void>;
};

export type UsageTenderDeps = {
  readonly store: RollupStore;
  readonly retention: UsageRetention;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs?: number;
  readonly stepRows?: number;
  /** Between two steps, so that others get to the database. */
  readonly pauseMs?: number;
};

const dayMs = 24 * 60 * 60 * 1000;
const deleteEveryMs = 60 * 60 * 1000;

/** Tends by itself from now on. */
export function createUsageTender(deps: UsageTenderDeps): UsageTender {
  const { store, retention, clock, log, everyMs = 10_000, stepRows = 500, pauseMs = 20 } = deps;
  const closed = new AbortController();
  let running: Promise<void> | undefined;
  let deletedAt = Number.NEGATIVE_INFINITY;
  let isFailing = false;

  /** Until a step does less than it may, or another router is at it. */
  async function repeat(step: () => Promise<StepResult>): Promise<number> {
    let sum = 0;
    while (!closed.signal.aborted) {
      const result = await step();
      if (result === "lock") return sum;
      sum += result;
      if (result < stepRows) return sum;
      await wait(pauseMs);
    }
    return sum;
  }

  async function deleteOld(): Promise<void> {
    const now = clock.now();
    const rows = await repeat(() => store.deleteRows(new Date(now - retention.recordDays * dayMs), stepRows));
    const rollups = await repeat(() => store.deleteRollups(findMonthsAgo(now, retention.rollupMonths), stepRows));
    if (rows + rollups > 0) log.info({ rows, rollups }, "Deleted usage that was kept long enough");
  }

  async function tend(): Promise<void> {
    await repeat(() => store.rollUp(stepRows));
    if (closed.signal.aborted || clock.now() - deletedAt < deleteEveryMs) return;
    deletedAt = clock.now();
    await deleteOld();
  }

  async function tendQuietly(): Promise<void> {
    try {
      await tend();
      isFailing = false;
    } catch (err) {
      // Rows wait where they are: questions count them from there.
      if (!isFailing) log.warn({ err }, "Cannot add up usage now; trying again");
      isFailing = true;
    }
  }

  const timer = setInterval(() => {
    running ??= tendQuietly().finally(() => (running = undefined));
  }, everyMs);
  timer.unref();
  return {
    tend,
    async close() {
      clearInterval(timer);
      closed.abort();
      await running;
    },
  };
}

/** The beginning of a day (UTC), so that no day is kept in part. */
function findMonthsAgo(now: number, months: number): Date {
  const day = new Date(now);
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() - months, day.getUTCDate()));
}
