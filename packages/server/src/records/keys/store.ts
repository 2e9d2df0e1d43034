// SQL of the key table, and the news of revocations between routers on one database.

import { randomUUID } from "node:crypto";
import type { SQL } from "drizzle-orm";
import { planPage, visibleRows, type AskedPage } from "../../operations/store.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Database, Executor } from "../../store/database.ts";
import { and, eq, inArray, isNull, notInArray, or, sql } from "../../store/drizzle.ts";
import { announceRights, readRights, rightsChannel, selectRights, type Rights } from "../../store/rights.ts";
import { key, provider } from "../../store/schema.ts";

export type KeyOrigin = "config" | "bootstrap" | "created";

export type KeyProvider = { readonly id: string; readonly name: string; readonly kind: "gpu" | "cli" | "cloud" };

/** What a key is held to; null: not to anything. */
export type KeyLimits = {
  readonly scopes: readonly string[] | null;
  readonly models: readonly string[] | null;
  readonly agents: readonly string[] | null;
  readonly ipRanges: readonly string[] | null;
  readonly expiresAt: Date | null;
};

/** Whom a key belongs to. `ownerId`: a person or service account. `teamId`: the team that owns it, or the service account. */
export type KeyOwner = { readonly ownerId: string | null; readonly teamId: string | null };

/** A key as stored, without its text. */
export type KeyRecord = KeyLimits &
  KeyOwner & {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly kind: "caller" | "worker";
    readonly admin: boolean;
    readonly masked: string;
    readonly origin: KeyOrigin;
    readonly previousUntil: Date | null;
    readonly createdAt: Date;
    readonly revokedAt: Date | null;
    readonly lastUsedAt: Date | null;
    readonly lastUsedFrom: string | null;
    readonly version: number;
    readonly provider: KeyProvider | null;
  };

/** What a look-up needs. Times in milliseconds since 1970. */
export type FoundKey = Pick<
  KeyRecord,
  "id" | "name" | "kind" | "admin" | "provider" | "scopes" | "models" | "ipRanges"
> & {
  /** The person, service account or team it acts for; null: the organisation. */
  readonly holderId: string | null;
  /** Of the holder. */
  readonly rights: Rights | null;
  readonly expiresAt: number | null;
  /** There when the text is the one before the last rotation. */
  readonly textUntil: number | null;
};

export type NewKeyRow = KeyOwner &
  Partial<KeyLimits> & {
    readonly id: string;
    readonly name: string;
    readonly description?: string;
    readonly kind: "caller" | "worker";
    readonly admin: boolean;
    readonly providerId: string | null;
    readonly hmac: Uint8Array;
    readonly pepperId: string;
    readonly masked: string;
    readonly origin: KeyOrigin;
    readonly createdAt: Date;
  };

/** A key's new text. */
export type NewText = Pick<NewKeyRow, "hmac" | "pepperId" | "masked">;

export type KeyStore = {
  /** Only keys that were not revoked. `provider` is null when it was removed. */
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
  /** All that belong to these people, service accounts and teams. Returns the ids revoked. */
  revokeOwned(tx: Executor, owners: readonly string[], at: Date): Promise<readonly string[]>;
  /** Until the end of the transaction nobody else changes the key. */
  lock(tx: Executor, id: string): Promise<void>;
  update(
    tx: Executor,
    id: string,
    changes: Partial<Pick<KeyRecord, "name" | "description" | keyof KeyLimits>>,
  ): Promise<void>;
  /** The text it had works until `previousUntil`. */
  replaceText(tx: Executor, id: string, text: NewText, previousUntil: Date): Promise<void>;
  /** As `find`, by id, of a key revoked or not. */
  findById(tx: Executor, id: string): Promise<FoundKey | undefined>;
  /** In one transaction: every row is there and works, every other key of the origin is revoked. Returns the ids revoked. */
  replaceOrigin(origin: KeyOrigin, rows: readonly NewKeyRow[], at: Date): Promise<readonly string[]>;
  /** Runs `insert` of `row` only when no caller key works; false when one does. Safe between routers. */
  insertFirstCaller(row: NewKeyRow): Promise<boolean>;
  /** Providers in use, ordered by name. */
  listProviders(tx?: Executor): Promise<readonly KeyProvider[]>;
  saveLastUsed(uses: ReadonlyMap<string, KeyUse>): Promise<void>;
  listRevokedSince(at: Date): Promise<readonly string[]>;
  /** `onRevoked` gets revocations made through other stores; `onListening` runs at first and after every reconnect. */
  listen(onRevoked: (ids: readonly string[]) => void, onListening: () => void): Promise<() => Promise<void>>;
};

export type AskedKeys = AskedPage & {
  readonly kind?: "caller" | "worker" | undefined;
  /** `org`, or the id of a person, a service account or a team. */
  readonly owner?: string | undefined;
};

/** When and from where a key was used last. */
export type KeyUse = { readonly at: number; readonly from: string | null };

const channel = rightsChannel;
/** NOTIFY carries less than 8000 bytes: an id has 28. */
const idsPerNotice = 200;

export function createKeyStore({ sql: client, db }: Database): KeyStore {
  const self = randomUUID();

  async function announce(executor: Pick<Executor, "execute">, ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += idsPerNotice) {
      await announceRights(executor, { from: self, ids: ids.slice(start, start + idsPerNotice) });
    }
  }

  return {
    async find(hmac) {
      const text = Buffer.from(hmac);
      const condition = sql`(k.hmac = ${text} or k.previous_hmac = ${text}) and k.revoked_at is null`;
      return selectFound(db, sql`case when k.hmac = ${text} then null else k.previous_until end`, condition);
    },
    findById: (tx, id) => selectFound(tx, sql`null::timestamptz`, sql`k.id = ${id}`),
    get: getRecord,
    async list(tx, caller, asked) {
      const page = planPage(asked, { createdAt: key.createdAt, name: key.name }, key.id);
      const kind = asked.kind === undefined ? undefined : eq(key.kind, asked.kind);
      const columns = { kind: "key", id: key.id, ownerId: key.ownerId, teamId: key.teamId };
      const rows = await selectRecords(tx)
        .where(and(visibleRows(caller, "keys.read", columns), kind, matchesOwner(asked.owner), page.after))
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows, (row) => ({ value: asked.sort.endsWith("name") ? row.name : row.createdAt, id: row.id }));
    },
    async insert(tx = db, row) {
      await tx.insert(key).values(toValues(row));
      const record = await getRecord(tx, row.id);
      if (record === undefined) throw new Error(`Key ${row.id} is gone.`);
      return record;
    },
    async revoke(tx, id, at) {
      await tx.update(key).set({ revokedAt: at }).where(eq(key.id, id));
      await announce(tx, [id]);
    },
    async revokeOwned(tx, owners, at) {
      const gone = await tx
        .update(key)
        .set({ revokedAt: at })
        .where(and(or(inArray(key.ownerId, [...owners]), inArray(key.teamId, [...owners])), isNull(key.revokedAt)))
        .returning({ id: key.id });
      const ids = gone.map(({ id }) => id);
      await announce(tx, ids);
      return ids;
    },
    async lock(tx, id) {
      await tx.execute(sql`select 1 from key where id = ${id} for update`);
    },
    async update(tx, id, changes) {
      await tx
        .update(key)
        .set({ ...toValues(changes), version: sql`${key.version} + 1` })
        .where(eq(key.id, id));
      await announceRights(tx, { from: self, ids: [] });
    },
    async replaceText(tx, id, text, previousUntil) {
      await tx
        .update(key)
        .set({ ...text, previousHmac: sql`${key.hmac}`, previousUntil, version: sql`${key.version} + 1` })
        .where(eq(key.id, id));
      await announceRights(tx, { from: self, ids: [] });
    },
    replaceOrigin: (origin, rows, at) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${channel}))`);
        const kept: string[] = [];
        for (const row of rows) {
          const { id, createdAt, ...declared } = toValues(row);
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
        await tx.insert(key).values(toValues(row));
        return true;
      }),
    listProviders: (tx = db) =>
      tx
        .select({ id: provider.id, name: provider.name, kind: provider.kind })
        .from(provider)
        .where(isNull(provider.removedAt))
        .orderBy(provider.name),
    async saveLastUsed(uses) {
      const ids = [...uses.keys()];
      const moments = [...uses.values()].map(({ at }) => new Date(at).toISOString());
      const places = [...uses.values()].map(({ from }) => from);
      await client`
        update key set last_used_at = used.at::timestamptz, last_used_from = used.place
        from unnest(${ids}::text[], ${moments}::text[], ${places}::text[]) as used (id, at, place)
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
      description: key.description,
      kind: key.kind,
      ownerId: key.ownerId,
      teamId: key.teamId,
      admin: key.admin,
      masked: key.masked,
      scopes: key.scopes,
      models: key.models,
      agents: key.agents,
      ipRanges: key.ipRanges,
      origin: key.origin,
      previousUntil: key.previousUntil,
      createdAt: key.createdAt,
      expiresAt: key.expiresAt,
      revokedAt: key.revokedAt,
      lastUsedAt: key.lastUsedAt,
      lastUsedFrom: key.lastUsedFrom,
      version: key.version,
      provider: { id: provider.id, name: provider.name, kind: provider.kind },
    })
    .from(key)
    .leftJoin(provider, eq(key.providerId, provider.id));

async function getRecord(tx: Executor, id: string): Promise<KeyRecord | undefined> {
  const [record] = await selectRecords(tx).where(eq(key.id, id));
  return record;
}

/** One question for all that a caller is. */
async function selectFound(executor: Executor, textUntil: SQL, condition: SQL): Promise<FoundKey | undefined> {
  const holder = sql`coalesce(k.owner_id, k.team_id)`;
  const [row] = await executor.execute<Omit<FoundKey, "rights"> & { readonly rights: unknown }>(sql`
    select k.id, k.name, k.kind, k.admin, k.scopes, k.models, k.ip_ranges as "ipRanges", ${holder} as "holderId",
      (extract(epoch from k.expires_at) * 1000)::float8 as "expiresAt",
      (extract(epoch from ${textUntil}) * 1000)::float8 as "textUntil",
      case when ${holder} is null then null else ${selectRights(holder)} end as rights,
      case when p.id is null then null else jsonb_build_object('id', p.id, 'name', p.name, 'kind', p.kind) end as provider
    from key k left join provider p on p.id = k.provider_id and p.removed_at is null
    where ${condition}`);
  return row && { ...row, rights: row.rights === null ? null : readRights(row.rights) };
}

function matchesOwner(owner: string | undefined): SQL | undefined {
  if (owner === undefined) return undefined;
  if (owner === "org") return and(isNull(key.ownerId), isNull(key.teamId));
  return or(eq(key.ownerId, owner), and(isNull(key.ownerId), eq(key.teamId, owner)));
}

/** Arrays as the driver takes them. */
function toValues<Row extends Partial<KeyLimits>>(row: Row) {
  const { scopes, models, agents, ipRanges, ...rest } = row;
  const lists = { scopes, models, agents, ipRanges };
  const given = Object.entries(lists).filter(([, list]) => list !== undefined);
  return { ...rest, ...(Object.fromEntries(given) as Partial<Record<keyof typeof lists, string[] | null>>) };
}
