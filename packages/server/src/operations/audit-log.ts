// Tells of every administrative change in the log.

import type { Log } from "../platform/log.ts";
import type { AppendAudit } from "./audit-entry.ts";

export function createAuditLog(log: Log): AppendAudit {
  return async (_tx, entries) => {
    for (const { caller, origin, action, outcome, reason, target } of entries) {
      log.info(
        { action, outcome, reason, target, by: caller.name, keyId: caller.keyId, ...origin },
        "administrative act",
      );
    }
  };
}
