// Makes entries of what the router does by itself.

import type { AuditActor, AuditEntry } from "../../platform/audit-entry.ts";

export const systemActor: AuditActor = { type: "system", id: "", name: "Auxot" };

/** An entry that nobody asked for over the network; `more` says what it is. */
export function createAuditEntry(more: Pick<AuditEntry, "at" | "actor" | "action"> & Partial<AuditEntry>): AuditEntry {
  return {
    target: null,
    outcome: "success",
    face: "system",
    ip: null,
    userAgent: null,
    requestId: null,
    before: null,
    after: null,
    ...more,
  };
}
