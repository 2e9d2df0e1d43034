// SQL of the key table, and the news of revocations between routers on one database.

import { randomUUID } from "node:crypto";
import { planPage, visibleRows, type AskedPage } from "../../operations/store.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Database, Executor } from "../../store/database.ts";
import { and, eq, isNull, notInArray, sql } from "../../store/drizzle.ts";
import { key, provider } from "../../store/schema.ts";

export type KeyOrigin = "config" | "bootstrap" | "created";

export type KeyProvider = { readonly id: string; readonly name: string; readonly kind: "gpu" | "cli" | "cloud" };

/** A key as stored, without its text. */
export type KeyRecord = {
  readonly id: string;
  readonly name: string;
  readonly kind: "caller" | "worker";
  readonly admin: boolean;
  readonly masked: string;
  readonly origin: KeyOrigin;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
  readonly provider: KeyProvider | null;
};

/** What a look-up needs. */
export type FoundKey = Pick<KeyRecord, "id" | "name" | "kind" | "admin" | "provider">;

export type NewKeyRow = {
  readonly id: string;
  readonly name: string;
  readonly kind: "caller" | "worker";
  readonly admin: boolean;
  readonly providerId: string | null;
  readonly hmac: Uint8Array;
  readonly pepperId: string;
  readonly masked: string;
  readonly origin: KeyOrigin;
  readonly createdAt: Date;
};

export type KeyStore = {
  /** Only keys that work: not revoked. `provider` is null when it was removed. */
  find(hmac: Uint8Array): Promise<FoundKey | undefined>;
  list(
    tx: Executor,
    caller: Caller,
    asked: AskedKeys,
  ): Promise<{ readonly rows: readonly KeyRecord[]; readonly nextCursor: string | null }>;
  get(tx: Executor, id: string): Promise<KeyRecord | undefined>;
  /** `tx` undefined: by itself. */
  insert(tx: Executor | undefined, row: NewKeyRow): Promise<KeyRecord>;
  /** Tells the other routers with the commit. */
  revoke(tx: Executor, id: string, at: Date): Promise<void>;
  /** In one transaction: every row is there and works, every other key of the origin is revoked. Returns the ids revoked. */
  replaceOrigin(origin: KeyOrigin, rows: readonly NewKeyRow[], at: Date): Promise<readonly string[]>;
  /** Runs `insert` of `row` only when no caller key works; false when one does. Safe between routers. */
  insertFirstCaller(row: NewKeyRow): Promise<boolean>;
  /** Providers in use, ordered by name. */
  listProviders(): Promise<readonly KeyProvider[]>;
  saveLastUsed(times: ReadonlyMap<string, number>): Promise<void>;
  listRevokedSince(at: Date): Promise<readonly string[]>;
  /** `onRevoked` gets revocations made through other stores; `onListening` runs at first and after every reconnect. */
  listen(onRevoked: (ids: readonly string[]) => void, onListening: () => void): Promise<() => Promise<void>>;
};

export type AskedKeys = AskedPage & { readonly kind?: "caller" | "worker" | undefined };

const channel = "auxot_key_revoked";
/** NOTIFY carries less than 8000 bytes: an id has 28. */
const idsPerNotice = 200;

export function createKeyStore({ sql: client, db }: Database): KeyStore {
  const self = randomUUID();

  async function announce(executor: Pick<Executor, "execute">, ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += idsPerNotice) {
      const notice = JSON.stringify({ from: self, ids: ids.slice(start, start + idsPerNotice) });
      await executor.execute(sql`select pg_notify(${channel}, ${notice})`);
    }
  }

  return {
    async find(hmac) {
      const [row] = await client<
        { id: string; name: string; kind: "caller" | "worker"; admin: boolean; provider: KeyProvider | null }[]
      >`
        select k.id, k.name, k.kind, k.admin,
          case when p.id is null then null else jsonb_build_object('id', p.id, 'name', p.name, 'kind', p.kind) end as provider
        from key k left join provider p on p.id = k.provider_id and p.removed_at is null
        where k.hmac = ${Buffer.from(hmac)} and k.revoked_at is null`;
      return row;
    },
    get: getRecord,
    async list(tx, caller, asked) {
      const page = planPage(asked, { createdAt: key.createdAt, name: key.name }, key.id);
      const kind = asked.kind === undefined ? undefined : eq(key.kind, asked.kind);
      const rows = await selectRecords(tx)
        .where(and(visibleRows(caller, "keys.read", { kind: "key", id: key.id }), kind, page.after))
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows, (row) => ({ value: asked.sort.endsWith("name") ? row.name : row.createdAt, id: row.id }));
    },
    async insert(tx = db, row) {
      await tx.insert(key).values(row);
      const record = await getRecord(tx, row.id);
      if (record === undefined) throw new Error(`Key ${row.id} is gone.`);
      return record;
    },
    async revoke(tx, id, at) {
      await tx.update(key).set({ revokedAt: at }).where(eq(key.id, id));
      await announce(tx, [id]);
    },
    replaceOrigin: (origin, rows, at) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${channel}))`);
        const kept: string[] = [];
        for (const row of rows) {
          const { id, createdAt, ...declared } = row;
          const [stored] = await tx
            .insert(key)
            .values({ id, createdAt, ...declared })
            .onConflictDoUpdate({ target: key.hmac, set: { ...declared, revokedAt: null } })
            .returning({ id: key.id });
          if (stored !== undefined) kept.push(stored.id);
        }
        const gone = await tx
          .update(key)
          .set({ revokedAt: at })
          .where(
            and(
              eq(key.origin, origin),
              isNull(key.revokedAt),
              kept.length === 0 ? undefined : notInArray(key.id, kept),
            ),
          )
          .returning({ id: key.id });
        const ids = gone.map((row) => row.id);
        await announce(tx, ids);
        return ids;
      }),
    insertFirstCaller: (row) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${channel}))`);
        const [working] = await tx
          .select({ id: key.id })
          .from(key)
          .where(and(eq(key.kind, "caller"), isNull(key.revokedAt)))
          .limit(1);
        if (working !== undefined) return false;
        await tx.insert(key).values(row);
        return true;
      }),
    listProviders: () =>
      db
        .select({ id: provider.id, name: provider.name, kind: provider.kind })
        .from(provider)
        .where(isNull(provider.removedAt))
        .orderBy(provider.name),
    async saveLastUsed(times) {
      const ids = [...times.keys()];
      const moments = [...times.values()].map((time) => new Date(time).toISOString());
      await client`
        update key set last_used_at = used.at::timestamptz
        from unnest(${ids}::text[], ${moments}::text[]) as used (id, at)
        where key.id = used.id and (key.last_used_at is null or key.last_used_at < used.at::timestamptz)`;
    },
    async listRevokedSince(at) {
      const rows = await db
        .select({ id: key.id })
        .from(key)
        .where(sql`${key.revokedAt} >= ${at.toISOString()}`);
      return rows.map((row) => row.id);
    },
    async listen(onRevoked, onListening) {
      const subscription = await client.listen(
        channel,
        (notice) => {
          const { from, ids }: { from: string; ids: string[] } = JSON.parse(notice);
          if (from !== self) onRevoked(ids);
        },
        onListening,
      );
      return () => subscription.unlisten();
    },
  };
}

const selectRecords = (tx: Executor) =>
  tx
    .select({
      id: key.id,
      name: key.name,
      kind: key.kind,
      admin: key.admin,
      masked: key.masked,
      origin: key.origin,
      createdAt: key.createdAt,
      revokedAt: key.revokedAt,
      provider: { id: provider.id, name: provider.name, kind: provider.kind },
    })
    .from(key)
    .leftJoin(provider, eq(key.providerId, provider.id));

async function getRecord(tx: Executor, id: string): Promise<KeyRecord | undefined> {
  const [record] = await selectRecords(tx).where(eq(key.id, id));
  return record;
}
