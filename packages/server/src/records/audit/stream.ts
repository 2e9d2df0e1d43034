// Owns telling a collector of every audit entry, in order and at least once: from the database, so that neither a collector
// that is away nor a router that is killed loses one, and nothing waits in memory but one batch.

import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { AuditRow } from "./chain.ts";
import type { AuditSink } from "./sinks.ts";
import type { AuditStore } from "./store.ts";
import type { AuditStreamStore } from "./stream-store.ts";

export type AuditStream = {
  /** Sends what is there and not told yet. Returns how many; 0 while another router tells. Throws what the sink throws. */
  pump(): Promise<number>;
  /** Pumps from now on, after failures with pauses of up to a minute. */
  start(): void;
  /** Stops in the middle of a batch, which is sent again later. Never rejects. */
  close(): Promise<void>;
};

export type AuditStreamDeps = {
  readonly store: Pick<AuditStore, "readAfter" | "head">;
  readonly cursors: AuditStreamStore;
  readonly sink: AuditSink;
  /** Of this router. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly lookEveryMs?: number;
};

const batchSize = 500;
/** Of JSON, about: collectors refuse longer bodies, and would be told the same one again for ever. A single entry may be longer. */
const batchCharacters = 1024 * 1024;
const ownedForMs = 90_000;
const longestPauseMs = 60_000;

export function createAuditStream(deps: AuditStreamDeps): AuditStream {
  const { store, cursors, sink, owner, clock, log, lookEveryMs = 2000 } = deps;
  const { name } = sink;
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let failures = 0;
  const until = (): Date => new Date(clock.now() + ownedForMs);

  async function pump(): Promise<number> {
    let seq = await cursors.claim(name, owner, new Date(clock.now()), until());
    if (seq === undefined) return 0;
    const { cutSeq } = await store.head();
    if (seq < cutSeq && seq > 0) {
      log.error({ sink: name, from: seq + 1, to: cutSeq }, "Audit entries were cut off before the collector took them");
    }
    let sent = 0;
    let asked = batchSize;
    while (!stopped.signal.aborted) {
      const found = await store.readAfter(seq, asked);
      const rows = takeFitting(found);
      // Long ones seldom come alone: the next time no more are read than will go.
      asked = rows.length < found.length ? rows.length : Math.min(asked * 2, batchSize);
      const last = rows.at(-1);
      if (last === undefined) break;
      await sink.send(rows, stopped.signal);
      if (!(await cursors.save(name, owner, last.seq, until()))) break;
      seq = last.seq;
      sent += rows.length;
    }
    return sent;
  }

  function schedule(): void {
    if (stopped.signal.aborted) return;
    timer = setTimeout(
      () => {
        running = pumpQuietly().finally(schedule);
      },
      Math.min(lookEveryMs * 2 ** failures, longestPauseMs),
    );
    timer.unref();
  }

  async function pumpQuietly(): Promise<void> {
    try {
      await pump();
      if (failures > 0) log.info({ sink: name }, "The audit collector takes entries again");
      failures = 0;
    } catch (err) {
      if (stopped.signal.aborted) return;
      if (failures === 0) log.warn({ err, sink: name }, "The audit collector takes no entries; trying again");
      failures++;
    }
  }

  return {
    pump,
    start: schedule,
    async close() {
      stopped.abort();
      clearTimeout(timer);
      await running;
      await cursors.release(name, owner).catch(() => {});
    },
  };
}

/** From the first on; at least one. */
function takeFitting(rows: readonly AuditRow[]): readonly AuditRow[] {
  let left = batchCharacters;
  const end = rows.findIndex(({ before, after }, index) => {
    left -= 1000 + (before?.length ?? 0) + (after?.length ?? 0);
    return left < 0 && index > 0;
  });
  return end === -1 ? rows : rows.slice(0, end);
}
