// Owns the audit log as the rest of the router sees it, and what it does by itself: anchors, streams, the end of old entries.

import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import type { Page } from "@auxot/wire/operations/page";
import type { AppendAudit } from "../../operations/audit-entry.ts";
import type { AskedPage } from "../../operations/store.ts";
import type { AuditRecord } from "../../platform/audit-record.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Secret } from "../../platform/secret-text.ts";
import type { Signer } from "../../platform/signer.ts";
import type { Database } from "../../store/database.ts";
import { createDeliveryClaims } from "../../store/delivery-claims.ts";
import { createAnchors } from "./anchors.ts";
import { appendAudit } from "./append-store.ts";
import type { AuditRow } from "./chain.ts";
import { appendOperationEntries } from "./operation-entries.ts";
import { cutOld } from "./retention.ts";
import { createCollectorSink, createFileSink } from "./sinks.ts";
import { createAuditStore, type AuditFilter } from "./store.ts";
import { createAuditStream } from "./stream.ts";
import { verifyAudit, type AuditProof } from "./verify.ts";
import { createAuditWriter } from "./writer.ts";

export type AuditSettings = {
  /** 0: entries are kept for ever. */
  readonly retentionDays: number;
  /** Entries are also written there; relative to the data directory. */
  readonly file?: string;
  /** Entries are also sent there. */
  readonly collector?: { readonly url: string; readonly token?: Secret };
};

export type Audit = {
  /** For operations: in their own transaction. */
  readonly append: AppendAudit;
  /** For what happens often: never throws, never waits, and is in the log within a second. */
  note(record: AuditRecord): void;
  list(filter: AuditFilter, asked: AskedPage): Promise<Page<AuditRow>>;
  verify(): Promise<AuditProof>;
  /** Anchors, streams and cuts from now on. */
  start(): void;
  /** Writes what waits and anchors the end. Never rejects. */
  close(): Promise<void>;
};

export type AuditDeps = {
  readonly database: Database;
  readonly dataDir: string;
  readonly settings: AuditSettings;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: Log;
};

const cutEveryMs = 60 * 60 * 1000;

export function createAudit({ database, dataDir, settings, signer, clock, log }: AuditDeps): Audit {
  const store = createAuditStore(database);
  const append = (records: AuditRecord | readonly AuditRecord[]): Promise<void> =>
    database.db.transaction((tx) => appendAudit(tx, records));
  const anchors = createAnchors({ store, signer, file: join(dataDir, "audit-anchors.jsonl"), clock, log });
  const writer = createAuditWriter({ append, clock, log });
  const { file, collector, retentionDays } = settings;
  const sinks = [
    ...(file === undefined ? [] : [createFileSink(resolve(dataDir, file))]),
    ...(collector === undefined ? [] : [createCollectorSink(collector)]),
  ];
  const claims = createDeliveryClaims(database);
  const owner = randomUUID();
  const streams = sinks.map((sink) => createAuditStream({ store, claims, sink, owner, clock, log }));
  let cutting: NodeJS.Timeout | undefined;
  const stopped = new AbortController();

  async function cut(): Promise<void> {
    try {
      for (let deleted = 1; deleted > 0 && !stopped.signal.aborted;) {
        deleted = await cutOld({ store, anchors, append, clock }, retentionDays);
      }
    } catch (err) {
      if (!stopped.signal.aborted) log.warn({ err }, "Cannot cut off old audit entries now; trying again in an hour");
    }
  }

  return {
    append: appendOperationEntries,
    note: writer.note,
    list: store.list,
    verify: () => verifyAudit(store, anchors),
    start() {
      anchors.start();
      for (const stream of streams) stream.start();
      if (retentionDays === 0) return;
      cutting = setInterval(() => void cut(), cutEveryMs);
      cutting.unref();
      void cut();
    },
    async close() {
      stopped.abort();
      clearInterval(cutting);
      await Promise.all(streams.map((stream) => stream.close()));
      await writer.close();
      await anchors.close();
    },
  };
}
