// The shape of what the audit log is told: who did what to what, from where, through which face. No secret stands
// in one. What operations do is told as `AuditEntry` (operations/audit-entry.ts) and becomes such a record.

/** `id` is "" for the organisation's own keys and for the router itself, `keyId` where no key was used. */
export type AuditActor = {
  readonly type: "user" | "service" | "team" | "system";
  readonly id: string;
  readonly name: string;
  readonly keyId: string;
};

export type AuditTarget = { readonly kind: string; readonly id: string; readonly name: string };

export type AuditOutcome = "success" | "failure" | "denied";

export type AuditFace = "api" | "cli" | "ui" | "agent" | "mcp" | "scim" | "system";

export type AuditRecord = {
  readonly at: Date;
  readonly actor: AuditActor;
  /** `<noun>.<verb>`, the name of an operation where there is one. */
  readonly action: string;
  /** Null where the act has none. */
  readonly target: AuditTarget | null;
  readonly outcome: AuditOutcome;
  /** Why it failed or was denied, or what it was done for. */
  readonly reason: string | null;
  readonly face: AuditFace;
  /** Null where nobody asked over the network. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  /** What changed, as JSON; null where there is nothing to say. Above 64 KiB only its size and hash are kept. */
  readonly before: object | null;
  readonly after: object | null;
};

/** What the router does by itself. */
export const systemActor: AuditActor = { type: "system", id: "", name: "Auxot", keyId: "" };

/** A record of what nobody asked for over the network; `more` says what it is. */
export function createAuditRecord(
  more: Pick<AuditRecord, "at" | "actor" | "action"> & Partial<AuditRecord>,
): AuditRecord {
  return {
    target: null,
    outcome: "success",
    reason: null,
    face: "system",
    ip: null,
    userAgent: null,
    requestId: null,
    before: null,
    after: null,
    ...more,
  };
}
