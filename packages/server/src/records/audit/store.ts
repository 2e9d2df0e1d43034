// SQL that reads the audit log, and that cuts off its oldest entries. Adding is in append-store.ts.

import type { AnyColumn, SQL } from "drizzle-orm";
import type { Page } from "@auxot/wire/operations/page";
import { planPage, type AskedPage } from "../../operations/store.ts";
import type { Database } from "../../store/database.ts";
import { and, asc, eq, getTableColumns, sql as condition } from "../../store/drizzle.ts";
import { auditEntry } from "../../store/tables/audit.ts";
import { firstHash, type AuditRow } from "./chain.ts";

/** Hashes are hexadecimal. `lastSeq` is the last entry there is, `seq` what the head says. */
export type AuditHead = {
  readonly seq: number;
  readonly hash: string;
  readonly cutSeq: number;
  readonly cutHash: string;
  readonly lastSeq: number;
};

export type AnchorKind = "mark" | "cut";

/** `at` is ISO with milliseconds. */
export type Anchor = {
  readonly kind: AnchorKind;
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
  readonly keyId: string;
  readonly signature: string;
};

/** Absent fields leave all through. `action` may end in `.*`. */
export type AuditFilter = {
  readonly actorId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly action?: string | undefined;
  readonly targetKind?: string | undefined;
  readonly targetId?: string | undefined;
  readonly outcome?: string | undefined;
  readonly face?: string | undefined;
  readonly requestId?: string | undefined;
  readonly ip?: string | undefined;
  /** Included. */
  readonly since?: Date | undefined;
  /** Not included. */
  readonly until?: Date | undefined;
};

export type AuditStore = {
  head(): Promise<AuditHead>;
  /** Ascending from the entry after `seq`. */
  readAfter(seq: number, limit: number, filter?: AuditFilter): Promise<readonly AuditRow[]>;
  /** Sorted by `seq` or `-seq`. Throws `invalid_request` for a cursor that is none. */
  list(filter: AuditFilter, asked: AskedPage): Promise<Page<AuditRow>>;
  /** Stored hashes of those entries that are there. */
  readHashes(seqs: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Ascending. A second one for the same entry is ignored. */
  anchorsAfter(kind: AnchorKind, seq: number, limit: number): Promise<readonly Anchor[]>;
  saveAnchor(anchor: Anchor): Promise<void>;
  /** The last entry before the first one that is younger than `before`; the cut so far when there is none to cut. */
  findCut(before: Date): Promise<{ readonly seq: number; readonly hash: string }>;
  /** Deletes the entries up to `anchor.seq` and the anchors before it, and keeps `anchor`, in one transaction; false when another router did. */
  cut(anchor: Anchor): Promise<boolean>;
};

export function createAuditStore({ sql, db }: Database): AuditStore {
  async function readHead(): Promise<AuditHead> {
    const [row] = await sql<AuditHead[]>`
      select seq, encode(hash, 'hex') as hash, cut_seq as "cutSeq", encode(cut_hash, 'hex') as "cutHash",
        coalesce((select max(seq) from audit_entry), cut_seq) as "lastSeq"
      from audit_head`;
    if (row !== undefined) return row;
    const [last] = await sql<{ seq: number | null }[]>`select max(seq) as seq from audit_entry`;
    return { seq: 0, hash: firstHash, cutSeq: 0, cutHash: firstHash, lastSeq: last?.seq ?? 0 };
  }

  return {
    head: readHead,
    async readAfter(seq, limit, filter = {}) {
      const rows = await db
        .select(columns)
        .from(auditEntry)
        .where(and(condition`${auditEntry.seq} > ${seq}`, matches(filter)))
        .orderBy(asc(auditEntry.seq))
        .limit(limit);
      return rows.map(toRow);
    },
    async list(filter, asked) {
      const page = planPage(asked, { seq: auditEntry.seq }, auditEntry.id);
      const found = await db
        .select(columns)
        .from(auditEntry)
        .where(and(matches(filter), page.after))
        .orderBy(...page.orderBy)
        .limit(page.limit);
      const { rows, nextCursor } = page.cut(found, (row) => ({ value: row.seq, id: row.id }));
      return { items: rows.map(toRow), nextCursor };
    },
    async readHashes(seqs) {
      const rows = await sql<{ seq: number; hash: string }[]>`
        select seq, encode(hash, 'hex') as hash from audit_entry where seq = any(${[...seqs]}::bigint[])`;
      return new Map(rows.map(({ seq, hash }) => [seq, hash]));
    },
    async anchorsAfter(kind, seq, limit) {
      const rows = await sql<(Omit<Anchor, "at"> & { readonly at: string })[]>`
        select kind, seq, hash, at, key_id as "keyId", signature from audit_anchor
        where kind = ${kind} and seq > ${seq} order by seq limit ${limit}`;
      return rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
    },
    async saveAnchor(anchor) {
      await sql`insert into audit_anchor ${sql(toAnchorColumns(anchor))} on conflict do nothing`;
    },
    async findCut(before) {
      const head = await readHead();
      const [young] = await sql<{ seq: number | null }[]>`
        select min(seq) as seq from audit_entry where at >= ${before.toISOString()}`;
      const seq = young?.seq == null ? head.seq : young.seq - 1;
      const [row] = await sql<{ seq: number; hash: string }[]>`
        select seq, encode(hash, 'hex') as hash from audit_entry where seq = ${seq}`;
      return row ?? { seq: head.cutSeq, hash: head.cutHash };
    },
    async cut(anchor) {
      return sql.begin(async (tx) => {
        const moved = await tx`
          update audit_head set cut_seq = ${anchor.seq}, cut_hash = decode(${anchor.hash}, 'hex')
          where cut_seq < ${anchor.seq}`;
        if (moved.count === 0) return false;
        await tx`delete from audit_entry where seq <= ${anchor.seq}`;
        await tx`delete from audit_anchor where seq < ${anchor.seq}`;
        await tx`insert into audit_anchor ${tx(toAnchorColumns(anchor))} on conflict do nothing`;
        return true;
      });
    },
  };
}

const { hash: hashColumn, ...plainColumns } = getTableColumns(auditEntry);
const columns = { ...plainColumns, hash: condition<string>`encode(${hashColumn}, 'hex')` };

function toRow(row: Omit<AuditRow, "at"> & { readonly at: Date }): AuditRow {
  return { ...row, at: row.at.toISOString() };
}

function same(column: AnyColumn, value: string | undefined): SQL | undefined {
  return value === undefined ? undefined : eq(column, value);
}

function matches(filter: AuditFilter): SQL | undefined {
  const { action, since, until } = filter;
  const prefix = action?.endsWith(".*") === true ? action.slice(0, -1) : undefined;
  return and(
    same(auditEntry.actorId, filter.actorId),
    same(auditEntry.keyId, filter.keyId),
    same(auditEntry.targetKind, filter.targetKind),
    same(auditEntry.targetId, filter.targetId),
    same(auditEntry.outcome, filter.outcome),
    same(auditEntry.face, filter.face),
    same(auditEntry.requestId, filter.requestId),
    same(auditEntry.ip, filter.ip),
    prefix === undefined ? same(auditEntry.action, action) : condition`starts_with(${auditEntry.action}, ${prefix})`,
    since === undefined ? undefined : condition`${auditEntry.at} >= ${since.toISOString()}`,
    until === undefined ? undefined : condition`${auditEntry.at} < ${until.toISOString()}`,
  );
}

function toAnchorColumns({ kind, seq, hash, at, keyId, signature }: Anchor) {
  return { kind, seq, hash, at, key_id: keyId, signature };
}
