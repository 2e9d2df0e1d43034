// Does one change that a directory asks for: one transaction with its audit entries, as operations have it.

import { AppError, toErrorBody } from "@auxot/wire/errors";
import type { AppendAudit, AuditEntry, Origin } from "../../../operations/audit-entry.ts";
import type { Work } from "../../../operations/handler.ts";
import { createOrgCaller } from "../../../platform/caller.ts";
import type { Clock } from "../../../platform/clock.ts";
import type { Log } from "../../../platform/log.ts";
import type { Database } from "../../../store/database.ts";

/** The directory, by its token, and where it asks from. */
export type ScimCaller = { readonly tokenId: string; readonly name: string; readonly origin: Origin };

/** `action` names the act in the audit trail. */
export type RunScim = <Result>(
  caller: ScimCaller,
  action: string,
  act: (work: Work) => Promise<Result>,
) => Promise<Result>;

export function createRunScim(deps: {
  readonly database: Pick<Database, "db">;
  readonly appendAudit: AppendAudit;
  readonly clock: Clock;
  readonly log: Log;
}): RunScim {
  const { database, appendAudit, clock, log } = deps;

  /** Best effort: the directory is told of the failure whether or not it could be written down. */
  async function noteFailure(entry: AuditEntry): Promise<void> {
    try {
      await database.db.transaction((tx) => appendAudit(tx, [entry]));
    } catch (err) {
      log.error({ err, action: entry.action }, "A directory's refused or failed change could not be audited");
    }
  }

  return async (caller, action, act) => {
    const now = new Date(clock.now());
    const effects: (() => Promise<void> | void)[] = [];
    const entries: AuditEntry[] = [];
    const by = {
      at: now,
      caller: createOrgCaller(caller.tokenId, caller.name, true),
      origin: caller.origin,
      action,
    } as const;
    try {
      const result = await database.db.transaction(async (tx) => {
        const done = await act({
          tx,
          now,
          isDryRun: false,
          changed({ kind, id, name, before, after }) {
            entries.push({ ...by, outcome: "success", reason: null, target: { kind, id, name }, before, after });
          },
          afterCommit: (effect) => void effects.push(effect),
        });
        await appendAudit(tx, entries);
        return done;
      });
      for (const effect of effects) await effect();
      return result;
    } catch (cause) {
      // A taken name that two requests found free at once.
      const error = isUniqueViolation(cause)
        ? new AppError("conflict", "This name or address is taken already.", { cause })
        : cause;
      await noteFailure({ ...by, outcome: "failure", reason: toErrorBody(error).message, ...nothing });
      throw error;
    }
  };
}

const nothing = { target: null, before: null, after: null } as const;

function isUniqueViolation(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return typeof cause === "object" && cause !== null && "code" in cause && cause.code === "23505";
}
