// SQL that adds to the audit log. Entries are ordered by the lock of the one row of audit_head.

import { createId, idPrefixes } from "@auxot/wire/ids";
import type { AuditRecord } from "../../platform/audit-record.ts";
import type { Executor } from "../../store/database.ts";
import { sql } from "../../store/drizzle.ts";
import { firstHash, hashEntry, toContent, type AuditRow } from "./chain.ts";

/** A transaction. */
export type AuditExecutor = Pick<Executor, "execute">;

/**
 * Adds entries in the transaction `tx`: they stand in the log exactly when it commits. Last in a transaction, because
 * from here to its end all others that append wait for it; two round trips. Throws what the database throws.
 */
export async function appendAudit(tx: AuditExecutor, entries: AuditRecord | readonly AuditRecord[]): Promise<void> {
  const list: readonly AuditRecord[] = Array.isArray(entries) ? entries : [entries];
  if (list.length === 0) return;
  const found = await tx.execute(sql`
    insert into audit_head as head (id, seq, hash, cut_seq, cut_hash)
    values (1, 0, decode(${firstHash}, 'hex'), 0, decode(${firstHash}, 'hex'))
    on conflict (id) do update set seq = head.seq returning seq, encode(hash, 'hex') as hash`);
  const head = found[0] as { readonly seq: number; readonly hash: string };
  const rows: AuditRow[] = [];
  let { hash } = head;
  for (const [index, entry] of list.entries()) {
    const content = toContent(entry, head.seq + index + 1, createId(idPrefixes.audit));
    hash = hashEntry(hash, content);
    rows.push({ ...content, hash });
  }
  await tx.execute(sql`
    with added as (
      insert into audit_entry (${columns})
      select ${columns} from jsonb_populate_recordset(null::audit_entry, ${JSON.stringify(rows.map(toColumns))}::text::jsonb)
    )
    update audit_head set seq = ${head.seq + rows.length}, hash = decode(${hash}, 'hex')`);
}

const columns = sql.raw(
  "seq, id, at, actor_type, actor_id, actor_name, key_id, action, target_kind, target_id, target_name, outcome, reason, face, ip, " +
    'user_agent, request_id, "before", "after", hash',
);

function toColumns(row: AuditRow): Record<string, unknown> {
  return {
    seq: row.seq,
    id: row.id,
    at: row.at,
    actor_type: row.actorType,
    actor_id: row.actorId,
    actor_name: row.actorName,
    key_id: row.keyId,
    action: row.action,
    target_kind: row.targetKind,
    target_id: row.targetId,
    target_name: row.targetName,
    outcome: row.outcome,
    reason: row.reason,
    face: row.face,
    ip: row.ip,
    user_agent: row.userAgent,
    request_id: row.requestId,
    before: row.before,
    after: row.after,
    hash: `\\x${row.hash}`,
  };
}
