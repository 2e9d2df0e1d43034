// Does what wire/operations/audit.ts declares.

import { exportAudit, listAudit, verifyAudit, type AuditEntryView } from "@auxot/wire/operations/audit";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { Audit } from "./audit.ts";
import type { AuditRow } from "./chain.ts";
import { csvHeader, toCsvLine, toExported, toJsonLine } from "./export.ts";
import type { AuditFilter } from "./store.ts";

/** The handlers of `audit.list`, `audit.export` and `audit.verify`. */
export function createAuditOperations(audit: Pick<Audit, "list" | "verify">): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listAudit,
      async handle(caller, { sort, limit, cursor, ...filter }) {
        requireAccess(caller, listAudit.action);
        const { items, nextCursor } = await audit.list(readFilter(filter), { sort, limit, cursor });
        return { items: items.map(toView), nextCursor };
      },
    }),
    eraseHandler({
      operation: exportAudit,
      async handle(caller, { format, limit, cursor, ...filter }, { changed }) {
        requireAccess(caller, exportAudit.action);
        const { items, nextCursor } = await audit.list(readFilter(filter), { sort: "seq", limit, cursor });
        const exported = { format, filter, entries: items.length, fromSeq: items[0]?.seq ?? null };
        changed({ kind: "audit-log", id: "audit", name: "audit log", before: exported, after: exported });
        const head = format === "csv" && cursor === undefined ? csvHeader : "";
        return { text: head + items.map(format === "csv" ? toCsvLine : toJsonLine).join(""), nextCursor };
      },
    }),
    eraseHandler({
      operation: verifyAudit,
      handle(caller) {
        requireAccess(caller, verifyAudit.action);
        return audit.verify();
      },
    }),
  ];
}

type SentFilter = Omit<AuditFilter, "since" | "until"> & {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
};

function readFilter({ since, until, ...rest }: SentFilter): AuditFilter {
  return { ...rest, since: toDate(since), until: toDate(until) };
}

function toDate(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

function toView(row: AuditRow): AuditEntryView {
  const { seq, id, at, action, outcome, reason, face, ip, userAgent, requestId, before, after, hash } = toExported(row);
  const { actorType, actorId, actorName, keyId, targetKind, targetId, targetName } = row;
  const actor = { type: actorType, id: actorId, name: actorName, keyId };
  const target = targetKind === null ? null : { kind: targetKind, id: targetId ?? "", name: targetName ?? "" };
  return { seq, id, at, actor, action, target, outcome, reason, face, ip, userAgent, requestId, before, after, hash };
}
