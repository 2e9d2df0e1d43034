// Tells of every administrative change in the log, beside the audit log.

import type { Log } from "../platform/log.ts";
import type { AppendAudit } from "./audit-entry.ts";

export function createAuditLog(log: Log, append: AppendAudit): AppendAudit {
  return async (tx, entries) => {
    await append(tx, entries);
    for (const { caller, origin, action, outcome, reason, target } of entries) {
      log.info(
        { action, outcome, reason, target, by: caller.name, keyId: caller.keyId, ...origin },
        "administrative act",
      );
    }
  };
}
