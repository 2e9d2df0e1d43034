// Owns telling a collector of every audit entry, in order and at least once: from the database, so that neither a collector
// that is away nor a router that is killed loses one, and nothing waits in memory but one batch.

import type { Clock } from "../../platform/clock.ts";
import { createDelivery, type Delivery, type DeliveryClaims, type DeliveryTurn } from "../../platform/delivery.ts";
import type { Log } from "../../platform/log.ts";
import type { AuditRow } from "./chain.ts";
import type { AuditSink } from "./sinks.ts";
import type { AuditStore } from "./store.ts";

export type AuditStreamDeps = {
  readonly store: Pick<AuditStore, "readAfter" | "head">;
  readonly claims: DeliveryClaims;
  readonly sink: AuditSink;
  /** Of this router. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
};

const batchSize = 500;
/** Of JSON, about: collectors refuse longer bodies, and would be told the same one again for ever. A single entry may be longer. */
const batchCharacters = 1024 * 1024;
const words = {
  away: "The audit collector takes no entries; trying again",
  back: "The audit collector takes entries again",
};

export function createAuditStream({ store, claims, sink, owner, clock, log }: AuditStreamDeps): Delivery {
  async function tell({ from, keep, signal }: DeliveryTurn): Promise<number> {
    const { cutSeq } = await store.head();
    if (from < cutSeq && from > 0) {
      log.error(
        { sink: sink.name, from: from + 1, to: cutSeq },
        "Audit entries were cut off before the collector took them",
      );
    }
    let [seq, sent] = [from, 0];
    let asked = batchSize;
    while (!signal.aborted) {
      const found = await store.readAfter(seq, asked);
      const rows = takeFitting(found);
      // Long ones seldom come alone: the next time no more are read than will go.
      asked = rows.length < found.length ? rows.length : Math.min(asked * 2, batchSize);
      const last = rows.at(-1);
      if (last === undefined) break;
      await sink.send(rows, signal);
      if (!(await keep(last.seq))) break;
      seq = last.seq;
      sent += rows.length;
    }
    return sent;
  }

  return createDelivery({ stream: sink.name, claims, owner, tell, words, clock, log });
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
