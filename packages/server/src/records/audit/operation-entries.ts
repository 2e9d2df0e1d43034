// Turns what operations tell of themselves into records of the audit log.

import type { AppendAudit, AuditEntry } from "../../operations/audit-entry.ts";
import type { AuditRecord } from "../../platform/audit-record.ts";
import { appendAudit } from "./append-store.ts";

/** Keeps the entries in the operation's own transaction. */
export const appendOperationEntries: AppendAudit = (tx, entries) => appendAudit(tx, entries.map(toRecord));

function toRecord({ at, caller, origin, action, outcome, reason, target, before, after }: AuditEntry): AuditRecord {
  const { principal, name, keyId } = caller;
  const actor = { type: principal.type, id: principal.id, name, keyId };
  const { face, ip, userAgent, requestId } = origin;
  return { at, actor, action, target, outcome, reason, face, ip, userAgent, requestId, before, after };
}
