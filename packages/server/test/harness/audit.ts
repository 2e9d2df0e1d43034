// Makes audit logs for tests: entries, and a log with anchors in a file that may be tampered with.

import { join } from "node:path";
import type { AuditRecord } from "../../src/platform/audit-record.ts";
import { createSigner } from "../../src/platform/signer.ts";
import { createAnchors } from "../../src/records/audit/anchors.ts";
import { appendAudit } from "../../src/records/audit/append-store.ts";
import { createAuditStore } from "../../src/records/audit/store.ts";
import { verifyAudit } from "../../src/records/audit/verify.ts";
import type { Database } from "../../src/store/database.ts";
import { quietLog } from "./quiet-log.ts";

export function entryOf(name: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    at: new Date("2026-11-23T12:00:00.123Z"),
    actor: { type: "user", id: "usr_1", name: "Ada", keyId: "key_2" },
    action: "keys.create",
    target: { kind: "key", id: "key_1", name },
    outcome: "success",
    reason: null,
    face: "api",
    ip: "192.0.2.1",
    userAgent: "curl",
    requestId: "req_1",
    before: null,
    after: { name },
    ...more,
  };
}

export function createTestAudit(database: Database, directory: string, key = "key") {
  const clock = { now: () => Date.parse("2026-11-23T13:00:00Z") };
  const signing = { id: key, key: Buffer.from(`signing ${key}`) };
  const signer = createSigner({ current: () => signing, all: () => [signing] });
  const store = createAuditStore(database);
  const file = join(directory, "audit-anchors.jsonl");
  const anchors = createAnchors({ store, signer, file, clock, log: quietLog });
  return {
    store,
    anchors,
    file,
    clock,
    append: (entries: AuditRecord | readonly AuditRecord[]) =>
      database.db.transaction((tx) => appendAudit(tx, entries)),
    verify: () => verifyAudit(store, anchors),
    /** Runs SQL as somebody who may do anything to the database. */
    async tamper(statements: string): Promise<void> {
      await database.sql.begin((tx) => tx.unsafe(`set local session_replication_role = replica; ${statements}`));
    },
  };
}
