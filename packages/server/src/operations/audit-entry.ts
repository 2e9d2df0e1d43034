// The words of the audit trail: who did what to what, from where, through which face. Types only.

import type { Caller } from "../platform/caller.ts";
import type { Executor } from "../store/database.ts";

export type Face = "api" | "cli" | "ui" | "agent" | "mcp" | "scim" | "system";

/** Where an act came from. */
export type Origin = {
  readonly face: Face;
  readonly requestId: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
};

export type AuditEntry = {
  readonly at: Date;
  readonly caller: Caller;
  readonly origin: Origin;
  /** The operation's name. */
  readonly action: string;
  readonly outcome: "success" | "failure" | "denied";
  /** Why it failed or was denied. */
  readonly reason: string | null;
  /** Absent where nothing was found or changed. */
  readonly target: { readonly kind: string; readonly id: string; readonly name: string } | null;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
};

/** Resolves when the entries are a part of the transaction. */
export type AppendAudit = (tx: Executor, entries: readonly AuditEntry[]) => Promise<void>;
