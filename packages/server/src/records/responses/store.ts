// SQL of the stored_response table: responses kept for their callers. Every look-up is one key's.

import type { Database } from "../../store/database.ts";

export const responseStatuses = ["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"] as const;
export type ResponseStatus = (typeof responseStatuses)[number];

/** Times are milliseconds since 1970. */
export type ResponseRow = {
  readonly keyId: string;
  readonly id: string;
  readonly status: ResponseStatus;
  readonly background: boolean;
  /** Names. Absent until a source took it. */
  readonly provider?: string;
  readonly model?: string;
  readonly heldUpstream: boolean;
  readonly previousId?: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** While it runs: until then its router is alive for certain. */
  readonly aliveUntil?: number;
  /** JSON text. */
  readonly response: string;
  /** JSON text of a list. */
  readonly input: string;
  readonly itemIds: readonly string[];
  readonly frames?: string;
};

/** Without what is large and seldom asked for. */
export type FoundResponse = Omit<ResponseRow, "expiresAt" | "aliveUntil" | "itemIds" | "frames"> & {
  readonly hasFrames: boolean;
};

export type ResponseStore = {
  /** Replaces a row of the same key and id. */
  save(row: ResponseRow): Promise<void>;
  /** No effect on a row that is not there. */
  update(row: ResponseRow): Promise<void>;
  find(keyId: string, id: string, now: number): Promise<FoundResponse | undefined>;
  findFrames(keyId: string, id: string, now: number): Promise<string | undefined>;
  /** The response and those before it, oldest first; ends early where `maxBytes` or `maxLinks` is passed or a link is gone. */
  findChain(
    keyId: string,
    id: string,
    limits: { readonly now: number; readonly maxBytes: number; readonly maxLinks: number },
  ): Promise<readonly FoundResponse[]>;
  /** The newest response in which each of the items began; items nobody knows are left out. Undefined when they are larger together. */
  findOwners(
    keyId: string,
    itemIds: readonly string[],
    limits: { readonly now: number; readonly maxBytes: number },
  ): Promise<readonly FoundResponse[] | undefined>;
  /** False when it is not there. */
  remove(keyId: string, id: string, now: number): Promise<boolean>;
  /** Removes at most `limit` rows and tells how many. */
  removeExpired(now: number, limit: number): Promise<number>;
  keepAlive(rows: readonly { readonly keyId: string; readonly id: string }[], until: number): Promise<void>;
  /** Rows left running by a router that is gone: with `aliveBefore` only those not alive since, else all that run. */
  findAbandoned(limit: number, aliveBefore?: number): Promise<readonly FoundResponse[]>;
  /** Ends a row that still runs; no effect on others. */
  fail(keyId: string, id: string, response: string): Promise<void>;
};

type Columns = {
  readonly key_id: string;
  readonly id: string;
  readonly status: ResponseStatus;
  readonly background: boolean;
  readonly provider: string | null;
  readonly model: string | null;
  readonly held_upstream: boolean;
  readonly previous_id: string | null;
  readonly created_ms: number;
  readonly response: string;
  readonly input: string;
  readonly has_frames: boolean;
};

export function createResponseStore({ sql }: Database): ResponseStore {
  const columns = sql`
    r.key_id, r.id, r.status, r.background, r.provider, r.model, r.held_upstream, r.previous_id,
    extract(epoch from r.created_at)::float8 * 1000 as created_ms, r.response, r.input, r.frames is not null as has_frames`;

  return {
    async save(row) {
      const values = toValues(row);
      const { key_id: _key, id: _id, ...rest } = values;
      await sql`insert into stored_response ${sql(values)} on conflict (key_id, id) do update set ${sql(rest)}`;
    },
    async update(row) {
      const { key_id: keyId, id, ...rest } = toValues(row);
      await sql`update stored_response set ${sql(rest)} where key_id = ${keyId} and id = ${id}`;
    },
    async find(keyId, id, now) {
      const [row] = await sql<Columns[]>`
        select ${columns} from stored_response r where r.key_id = ${keyId} and r.id = ${id} and r.expires_at > ${iso(now)}`;
      return row === undefined ? undefined : toFound(row);
    },
    async findFrames(keyId, id, now) {
      const [row] = await sql<{ frames: string | null }[]>`
        select frames from stored_response where key_id = ${keyId} and id = ${id} and expires_at > ${iso(now)}`;
      return row?.frames ?? undefined;
    },
    async findChain(keyId, id, { now, maxBytes, maxLinks }) {
      const rows = await sql<Columns[]>`
        with recursive chain as (
          select id, previous_id, 1 as link, octet_length(input)::bigint + octet_length(response) as bytes
          from stored_response where key_id = ${keyId} and id = ${id} and expires_at > ${iso(now)}
          union all
          select n.id, n.previous_id, c.link + 1, c.bytes + octet_length(n.input) + octet_length(n.response)
          from chain c join stored_response n on n.key_id = ${keyId} and n.id = c.previous_id and n.id <> c.id
          where n.expires_at > ${iso(now)} and c.link < ${maxLinks} and c.bytes < ${maxBytes}
        )
        select ${columns} from chain join stored_response r on r.key_id = ${keyId} and r.id = chain.id
        order by chain.link desc`;
      return rows.map(toFound);
    },
    async findOwners(keyId, itemIds, { now, maxBytes }) {
      const owners = await sql<{ id: string; bytes: number }[]>`
        select distinct owner.id, owner.bytes from unnest(${[...itemIds]}::text[]) as item (id)
        join lateral (
          select o.id, octet_length(o.input)::float8 + octet_length(o.response) as bytes from stored_response o
          where o.key_id = ${keyId} and o.item_ids @> array[item.id] and o.expires_at > ${iso(now)}
          order by o.created_at desc limit 1
        ) owner on true`;
      if (owners.reduce((sum, { bytes }) => sum + bytes, 0) > maxBytes) return undefined;
      const rows = await sql<Columns[]>`
        select ${columns} from stored_response r
        where r.key_id = ${keyId} and r.id = any(${owners.map(({ id }) => id)}::text[])`;
      return rows.map(toFound);
    },
    async remove(keyId, id, now) {
      const rows = await sql`
        delete from stored_response where key_id = ${keyId} and id = ${id} and expires_at > ${iso(now)} returning id`;
      return rows.length > 0;
    },
    async removeExpired(now, limit) {
      const rows = await sql`
        delete from stored_response where (key_id, id) in (
          select key_id, id from stored_response where expires_at <= ${iso(now)} order by expires_at limit ${limit}
        ) returning id`;
      return rows.length;
    },
    async keepAlive(rows, until) {
      await sql`
        update stored_response r set alive_until = ${iso(until)}
        from unnest(${rows.map(({ keyId }) => keyId)}::text[], ${rows.map(({ id }) => id)}::text[]) as runs (key_id, id)
        where r.key_id = runs.key_id and r.id = runs.id and r.alive_until is not null`;
    },
    async findAbandoned(limit, aliveBefore) {
      const rows = await sql<Columns[]>`
        select ${columns} from stored_response r
        where r.alive_until is not null ${aliveBefore === undefined ? sql`` : sql`and r.alive_until < ${iso(aliveBefore)}`}
        order by r.alive_until limit ${limit}`;
      return rows.map(toFound);
    },
    async fail(keyId, id, response) {
      await sql`
        update stored_response set status = 'failed', response = ${response}, alive_until = null
        where key_id = ${keyId} and id = ${id} and alive_until is not null`;
    },
  };
}

/** Drizzle shares the connection and switches its date handling off. */
function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function toValues(row: ResponseRow) {
  return {
    key_id: row.keyId,
    id: row.id,
    status: row.status,
    background: row.background,
    provider: row.provider ?? null,
    model: row.model ?? null,
    held_upstream: row.heldUpstream,
    previous_id: row.previousId ?? null,
    created_at: iso(row.createdAt),
    expires_at: iso(row.expiresAt),
    alive_until: row.aliveUntil === undefined ? null : iso(row.aliveUntil),
    response: row.response,
    input: row.input,
    item_ids: [...row.itemIds],
    frames: row.frames ?? null,
  };
}

function toFound(row: Columns): FoundResponse {
  return {
    keyId: row.key_id,
    id: row.id,
    status: row.status,
    background: row.background,
    ...(row.provider === null ? {} : { provider: row.provider }),
    ...(row.model === null ? {} : { model: row.model }),
    heldUpstream: row.held_upstream,
    ...(row.previous_id === null ? {} : { previousId: row.previous_id }),
    createdAt: row.created_ms,
    response: row.response,
    input: row.input,
    hasFrames: row.has_frames,
  };
}
