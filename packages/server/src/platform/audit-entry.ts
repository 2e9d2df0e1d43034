// The shape of an audit entry: who did what to what, from where, through which face. Types only; no secret stands in one.

/** `id` is "" for the system itself. */
export type AuditActor = {
  readonly type: "user" | "service" | "team" | "key" | "agent" | "system";
  readonly id: string;
  readonly name: string;
};

export type AuditTarget = { readonly kind: string; readonly id: string; readonly name: string };

export const auditOutcomes = ["success", "failure", "denied"] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

export const auditFaces = ["api", "cli", "ui", "agent", "mcp", "scim", "system"] as const;
export type AuditFace = (typeof auditFaces)[number];

export type AuditEntry = {
  readonly at: Date;
  readonly actor: AuditActor;
  /** `<noun>.<verb>`, the name of an operation where there is one. */
  readonly action: string;
  /** Null where the act has none. */
  readonly target: AuditTarget | null;
  readonly outcome: AuditOutcome;
  readonly face: AuditFace;
  /** Null where nobody asked over the network. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  /** What changed, as JSON; null where there is nothing to say. Above 64 KiB only its size and hash are kept. */
  readonly before: object | null;
  readonly after: object | null;
};
