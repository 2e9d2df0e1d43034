// Owns the way of frequent records, such as reads of secrets, to the audit log: in batches, off the path of whoever tells.
// What an operation does is not told here: that stands in its own transaction.

import { setTimeout as wait } from "node:timers/promises";
import { createAuditRecord, systemActor, type AuditRecord } from "../../platform/audit-record.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";

export type AuditWriter = {
  /** Never throws and never waits. It is in the log within a second; a router that is killed loses that second. */
  note(record: AuditRecord): void;
  /** Writes what waits. Throws when the database does not answer. */
  flush(): Promise<void>;
  /** Flushes, for 5 s at most. Never rejects. */
  close(): Promise<void>;
};

export type AuditWriterDeps = {
  readonly append: (records: readonly AuditRecord[]) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly flushEveryMs?: number;
  /** Records kept while the database is away; those beyond are counted, and an entry tells how many. */
  readonly maxRecords?: number;
};

const maxBatch = 500;
const longestRetryMs = 30_000;
const closeTimeoutMs = 5000;

export function createAuditWriter(deps: AuditWriterDeps): AuditWriter {
  const { append, clock, log, flushEveryMs = 1000, maxRecords = 20_000 } = deps;
  const waiting: AuditRecord[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let failures = 0;
  let lost = 0;

  function schedule(): void {
    if (timer !== undefined) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        flush().catch(() => schedule());
      },
      Math.min(flushEveryMs * 2 ** failures, longestRetryMs),
    );
    timer.unref();
  }

  function flush(): Promise<void> {
    running ??= writeAll().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function writeAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, maxBatch);
        await append(batch);
        waiting.splice(0, batch.length);
      }
      if (lost > 0) {
        const counted = lost;
        const about = { at: new Date(clock.now()), actor: systemActor, action: "audit.lost" };
        await append([createAuditRecord({ ...about, outcome: "failure", after: { records: counted } })]);
        lost -= counted;
      }
      failures = 0;
    } catch (err) {
      failures++;
      log.error({ err, waiting: waiting.length }, "Cannot write to the audit log; trying again");
      throw err;
    }
  }

  return {
    note(record) {
      if (waiting.length < maxRecords) waiting.push(record);
      else lost++;
      schedule();
    },
    flush,
    async close() {
      clearTimeout(timer);
      timer = undefined;
      const limit = new AbortController();
      const rest = (async () => {
        await running?.catch(() => {});
        await flush();
      })().catch(() => {});
      await Promise.race([rest, wait(closeTimeoutMs, undefined, { signal: limit.signal }).catch(() => {})]);
      limit.abort();
      if (waiting.length > 0)
        log.error({ lost: waiting.length }, "Stopping with audit records that could not be written");
    },
  };
}
