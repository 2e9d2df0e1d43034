// Owns how what people do about their own way in comes into the audit log: who, from where, through which face.

import type { AppendAudit, AuditEntry, Origin } from "../../operations/audit-entry.ts";
import { createOrgCaller, createPrincipalCaller } from "../../platform/caller.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Database, Executor } from "../../store/database.ts";
import type { IdentityRequest } from "./auth-port.ts";

/** Where somebody asks from. */
export type From = Pick<IdentityRequest, "headers" | "address" | "requestId">;

export type Act = {
  /** `users.sign-in`. */
  readonly action: string;
  /** Undefined: nobody of whom it is known. */
  readonly by: { readonly id: string; readonly name: string } | undefined;
  readonly from: From;
  readonly target: NonNullable<AuditEntry["target"]>;
  /** Why it was refused; absent: it was done. */
  readonly refusal?: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
};

export type Trail = {
  /** In the transaction of the acts, last in it. */
  append(tx: Executor, acts: readonly Act[]): Promise<void>;
  /** Of what was done in a transaction that is not ours. Never throws: the log says when it could not be written. */
  note(act: Act): Promise<void>;
};

export function createTrail(deps: {
  readonly database: Pick<Database, "db">;
  readonly appendAudit: AppendAudit;
  readonly clock: Clock;
  readonly log: Log;
}): Trail {
  const { database, appendAudit, clock, log } = deps;
  const append: Trail["append"] = (tx, acts) => appendAudit(tx, acts.map(toEntry));

  function toEntry({ action, by, from, target, refusal, before, after }: Act): AuditEntry {
    return {
      at: new Date(clock.now()),
      caller:
        by === undefined
          ? createOrgCaller("", "somebody", false)
          : createPrincipalCaller({ keyId: "", ...by }, { orgRole: null, teams: [], roles: [] }),
      origin: readOrigin(from),
      action,
      outcome: refusal === undefined ? "success" : "failure",
      reason: refusal ?? null,
      target,
      before: before ?? null,
      after: after ?? null,
    };
  }

  return {
    append,
    async note(act) {
      try {
        await database.db.transaction((tx) => append(tx, [act]));
      } catch (err) {
        log.error({ err, action: act.action, target: act.target }, "An act could not be written into the audit log");
      }
    },
  };
}

/** A person as the target of an act. */
export function toTarget({ id, name }: { readonly id: string; readonly name: string }): Act["target"] {
  return { kind: "user", id, name };
}

/** Browsers say of themselves where their pages come from. */
function readOrigin({ headers, address, requestId }: From): Origin {
  const isBrowser = headers["origin"] !== undefined || headers["sec-fetch-site"] !== undefined;
  return {
    face: isBrowser ? "ui" : "api",
    requestId,
    ip: address === "" ? null : address,
    userAgent: headers["user-agent"]?.slice(0, 500) ?? null,
  };
}
