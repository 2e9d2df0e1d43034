// Owns the end of old audit entries: they are cut off at the beginning of the log, with a signed word of where.

import type { Clock } from "../../platform/clock.ts";
import { createAuditRecord, systemActor, type AuditRecord } from "../../platform/audit-record.ts";
import type { Anchors } from "./anchors.ts";
import type { AuditStore } from "./store.ts";

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Deletes what is older than `days`, at most `maxEntries` of it, and adds an entry that says so. Returns how many were
 * deleted. What is left verifies from the signed cut. Two routers at once do no harm.
 */
export async function cutOld(
  deps: {
    readonly store: AuditStore;
    readonly anchors: Anchors;
    readonly append: (entry: AuditRecord) => Promise<void>;
    readonly clock: Clock;
  },
  days: number,
  maxEntries = 5000,
): Promise<number> {
  const { store, anchors, append, clock } = deps;
  const head = await store.head();
  const old = await store.findCut(new Date(clock.now() - days * dayMs));
  if (old.seq <= head.cutSeq) return 0;
  const seq = Math.min(old.seq, head.cutSeq + maxEntries);
  const hash = seq === old.seq ? old.hash : (await store.readHashes([seq])).get(seq);
  if (hash === undefined) return 0;
  const anchor = anchors.sign("cut", seq, hash);
  if (!(await store.cut(anchor))) return 0;
  await anchors.keep(anchor);
  const deleted = seq - head.cutSeq;
  const after = { deleted, throughSeq: seq, olderThanDays: days };
  await append(createAuditRecord({ at: new Date(clock.now()), actor: systemActor, action: "audit.cut", after }));
  return deleted;
}
