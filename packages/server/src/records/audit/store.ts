// SQL that reads the audit log, and that cuts off its oldest entries. Adding is in append-store.ts.

import type { Database } from "../../store/database.ts";
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
  /** Newest first, those before `beforeSeq` when it is given. */
  list(filter: AuditFilter, beforeSeq: number | undefined, limit: number): Promise<readonly AuditRow[]>;
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

export function createAuditStore({ sql }: Database): AuditStore {
  const columns = sql`seq, id, at, actor_type, actor_id, actor_name, action, target_kind, target_id, target_name,
    outcome, face, ip, user_agent, request_id, "before", "after", encode(hash, 'hex') as hash`;

  function where(filter: AuditFilter) {
    const { action } = filter;
    const prefix = action?.endsWith(".*") === true ? action.slice(0, -1) : undefined;
    const same = (column: string, value: string | undefined) =>
      value === undefined ? sql`` : sql` and ${sql(column)} = ${value}`;
    return sql`true ${same("actor_id", filter.actorId)} ${same("target_kind", filter.targetKind)}
      ${same("target_id", filter.targetId)} ${same("outcome", filter.outcome)} ${same("face", filter.face)}
      ${same("request_id", filter.requestId)} ${same("ip", filter.ip)}
      ${prefix === undefined ? same("action", action) : sql` and starts_with(action, ${prefix})`}
      ${filter.since === undefined ? sql`` : sql` and at >= ${filter.since.toISOString()}`}
      ${filter.until === undefined ? sql`` : sql` and at < ${filter.until.toISOString()}`}`;
  }

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
      const rows = await sql<RawRow[]>`
        select ${columns} from audit_entry where seq > ${seq} and ${where(filter)} order by seq limit ${limit}`;
      return rows.map(toRow);
    },
    async list(filter, beforeSeq, limit) {
      const rows = await sql<RawRow[]>`
        select ${columns} from audit_entry
        where ${where(filter)} ${beforeSeq === undefined ? sql`` : sql` and seq < ${beforeSeq}`}
        order by seq desc limit ${limit}`;
      return rows.map(toRow);
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

type RawRow = {
  readonly seq: number;
  readonly id: string;
  readonly at: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly actor_name: string;
  readonly action: string;
  readonly target_kind: string | null;
  readonly target_id: string | null;
  readonly target_name: string | null;
  readonly outcome: string;
  readonly face: string;
  readonly ip: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly hash: string;
};

function toRow(raw: RawRow): AuditRow {
  return {
    seq: raw.seq,
    id: raw.id,
    at: new Date(raw.at).toISOString(),
    actorType: raw.actor_type,
    actorId: raw.actor_id,
    actorName: raw.actor_name,
    action: raw.action,
    targetKind: raw.target_kind,
    targetId: raw.target_id,
    targetName: raw.target_name,
    outcome: raw.outcome,
    face: raw.face,
    ip: raw.ip,
    userAgent: raw.user_agent,
    requestId: raw.request_id,
    before: raw.before,
    after: raw.after,
    hash: raw.hash,
  };
}

function toAnchorColumns({ kind, seq, hash, at, keyId, signature }: Anchor) {
  return { kind, seq, hash, at, key_id: keyId, signature };
}
