// Owns the audit of refused and failed operations. Whoever has any key can make as many as they like, and entries are never
// deleted: of one caller a number a minute are kept one by one, and the rest are counted in one entry.

import { toErrorBody } from "@auxot/wire/errors";
import { createBoundedMap } from "../platform/bounded-map.ts";
import type { Caller } from "../platform/caller.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Database } from "../store/database.ts";
import type { AppendAudit, AuditEntry, Origin } from "./audit-entry.ts";

/** Best effort and never rejects: the caller is told of the failure whether or not it could be written down. */
export type AuditFailure = (action: string, caller: Caller, origin: Origin, error: unknown) => Promise<void>;

export type FailuresDeps = {
  readonly database: Pick<Database, "db">;
  readonly appendAudit: AppendAudit;
  readonly clock: Clock;
  readonly log: Log;
  /** Of one caller, in `windowMs`; default 100 a minute. */
  readonly maxKept?: number;
  readonly windowMs?: number;
};

type Burst = { readonly startedAt: number; kept: number; omitted: number };

const maxCallers = 10_000;

export function createFailures(deps: FailuresDeps): AuditFailure {
  const { database, appendAudit, clock, log, maxKept = 100, windowMs = 60_000 } = deps;
  const bursts = createBoundedMap<Burst>({ maxEntries: maxCallers, keepMs: windowMs });

  async function append(entry: AuditEntry): Promise<void> {
    try {
      await database.db.transaction((tx) => appendAudit(tx, [entry]));
    } catch (err) {
      log.error({ err, action: entry.action }, "A refused or failed change could not be audited");
    }
  }

  function findBurst(key: string): Burst {
    const now = clock.now();
    const known = bursts.get(key, now);
    if (known !== undefined) return known;
    const burst = { startedAt: now, kept: 0, omitted: 0 };
    bursts.set(key, burst, now);
    return burst;
  }

  function tellLater(burst: Burst, caller: Caller, origin: Origin): void {
    const tell = (): void => {
      const reason = `${burst.omitted} more changes of this caller were refused or failed within a minute; they are only counted.`;
      const end = { action: "audit.omitted", outcome: "failure", reason } as const;
      void append({ at: new Date(clock.now()), caller, origin, ...end, ...nothingChanged });
    };
    setTimeout(tell, Math.max(0, burst.startedAt + windowMs - clock.now())).unref();
  }

  return async (action, caller, origin, error) => {
    const burst = findBurst(caller.keyId === "" ? caller.principal.id : caller.keyId);
    if (burst.kept >= maxKept) {
      burst.omitted++;
      if (burst.omitted === 1) tellLater(burst, caller, origin);
      return;
    }
    burst.kept++;
    const { code, message } = toErrorBody(error);
    const outcome = code === "forbidden" ? "denied" : "failure";
    await append({ at: new Date(clock.now()), caller, origin, action, outcome, reason: message, ...nothingChanged });
  };
}

const nothingChanged = { target: null, before: null, after: null } as const;
