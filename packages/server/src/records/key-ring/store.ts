// SQL of the key ring: which secret key is current, the working keys, and the sealed texts of every table by the id of
// the key that wraps them. Sealed texts go in and out as they are.

import type { Database } from "../../store/database.ts";
import type { SealedColumn } from "../../store/sealed-columns.ts";

export type RingKeyState = "current" | "previous" | "retired";

export type RingKeyRow = { readonly id: string; readonly state: RingKeyState; readonly currentSince: Date };

export type WorkingKeyRow = {
  readonly id: string;
  readonly purpose: string;
  readonly valueSealed: string;
  readonly createdAt: Date;
  readonly activeFrom: Date;
};

/** A sealed text; `key` are the values that name its row. */
export type SealedText = { readonly key: readonly string[]; readonly sealed: string };

export type KeyRingStore = {
  /** Newest first. */
  listKeys(): Promise<readonly RingKeyRow[]>;
  /** Makes `id` the current key when there is none. */
  makeFirst(id: string, at: Date): Promise<void>;
  /** Newest first. */
  listWorkingKeys(): Promise<readonly WorkingKeyRow[]>;
  /** Those whose id is there already are left out. */
  insertWorkingKeys(rows: readonly WorkingKeyRow[]): Promise<void>;
  /**
   * One rotation at a time over all routers: `plan` gets the current key's id and gives the next one and its working keys,
   * which are the ring's when it commits; every router hears of it.
   */
  rotate(at: Date, plan: (currentId: string) => Promise<Rotation>): Promise<void>;
  /** False when it is not a previous one any more. Every router hears of it. */
  retire(id: string, at: Date): Promise<boolean>;
  /** Texts of `column` that are wrapped by another key than `keyId`, in the order of their rows, after the row `after`. */
  readForeign(
    column: SealedColumn,
    keyId: string,
    after: readonly string[] | undefined,
    limit: number,
  ): Promise<readonly SealedText[]>;
  /** Only where it still is `text.sealed`; false otherwise. */
  replace(column: SealedColumn, text: SealedText, sealed: string): Promise<boolean>;
  /** How many texts of `column` each key wraps. */
  countByKey(column: SealedColumn): Promise<ReadonlyMap<string, number>>;
  /** Deletes or clears what the key wraps, and the key with it, in one transaction. Returns how many texts. */
  forget(columns: readonly SealedColumn[], keyId: string): Promise<number>;
  /** `onNews` runs at first, after every change of the ring by any router, and after every reconnect. */
  listen(onNews: () => void): Promise<() => Promise<void>>;
};

export type Rotation = { readonly nextId: string; readonly workingKeys: readonly WorkingKeyRow[] };

const channel = "auxot_key_ring";

export function createKeyRingStore({ sql }: Database): KeyRingStore {
  /** `("a", "b")`; the names are constants of ours. */
  const keyOf = ({ key }: SealedColumn) => sql.unsafe(`(${key.map((name) => `"${name}"`).join(", ")})`);
  const valuesOf = (values: readonly string[]) =>
    sql`(${values.slice(1).reduce((list, value) => sql`${list}, ${value}`, sql`${values[0] ?? ""}`)})`;

  return {
    async listKeys() {
      const rows = await sql<{ id: string; state: RingKeyState; current_since: string }[]>`
        select id, state, current_since from ring_key order by current_since desc, id`;
      return rows.map(({ id, state, current_since }) => ({ id, state, currentSince: new Date(current_since) }));
    },
    async makeFirst(id, at) {
      await sql`
        insert into ring_key (id, state, current_since) values (${id}, 'current', ${at.toISOString()})
        on conflict do nothing`;
    },
    async listWorkingKeys() {
      const rows = await sql<
        { id: string; purpose: string; value_sealed: string; created_at: string; active_from: string }[]
      >`select id, purpose, value_sealed, created_at, active_from from working_key order by active_from desc, created_at desc, id desc`;
      return rows.map((row) => ({
        id: row.id,
        purpose: row.purpose,
        valueSealed: row.value_sealed,
        createdAt: new Date(row.created_at),
        activeFrom: new Date(row.active_from),
      }));
    },
    async insertWorkingKeys(rows) {
      if (rows.length > 0) {
        await sql`insert into working_key ${sql(rows.map(toWorkingColumns))} on conflict (id) do nothing`;
      }
    },
    async rotate(at, plan) {
      await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(hashtext(${channel}))`;
        const [current] = await tx<{ id: string }[]>`select id from ring_key where state = 'current'`;
        const { nextId, workingKeys } = await plan(current?.id ?? "");
        await tx`update ring_key set state = 'previous' where state = 'current'`;
        await tx`
          insert into ring_key (id, state, current_since) values (${nextId}, 'current', ${at.toISOString()})
          on conflict (id) do update set state = 'current', current_since = excluded.current_since, retired_at = null`;
        if (workingKeys.length > 0) {
          await tx`insert into working_key ${tx(workingKeys.map(toWorkingColumns))} on conflict (id) do nothing`;
        }
        await tx`select pg_notify(${channel}, 'rotated')`;
      });
    },
    async retire(id, at) {
      const retired = await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(hashtext(${channel}))`;
        const changed = await tx`
          update ring_key set state = 'retired', retired_at = ${at.toISOString()} where id = ${id} and state = 'previous'`;
        await tx`select pg_notify(${channel}, 'retired')`;
        return changed.count > 0;
      });
      return retired;
    },
    async readForeign(column, keyId, after, limit) {
      const sealed = sql(column.column);
      return sql<SealedText[]>`
        select ${sql.unsafe(`array[${column.key.map((name) => `"${name}"`).join(", ")}]`)} as key, ${sealed} as sealed
        from ${sql(column.table)}
        where ${sealed} is not null and split_part(${sealed}, '.', 2) <> ${keyId}
          ${after === undefined ? sql`` : sql`and ${keyOf(column)} > ${valuesOf(after)}`}
        order by ${sql.unsafe(column.key.map((name) => `"${name}"`).join(", "))} limit ${limit}`;
    },
    async replace(column, text, sealed) {
      const replaced = await sql`
        update ${sql(column.table)} set ${sql(column.column)} = ${sealed}
        where ${keyOf(column)} = ${valuesOf(text.key)} and ${sql(column.column)} = ${text.sealed}`;
      return replaced.count > 0;
    },
    async countByKey(column) {
      const sealed = sql(column.column);
      const rows = await sql<{ id: string; texts: number }[]>`
        select split_part(${sealed}, '.', 2) as id, count(*) as texts from ${sql(column.table)}
        where ${sealed} is not null group by 1`;
      return new Map(rows.map(({ id, texts }) => [id, texts]));
    },
    forget: (columns, keyId) =>
      sql.begin(async (tx) => {
        let forgotten = 0;
        for (const { table, column, whenLost } of columns) {
          const isLost = tx`split_part(${tx(column)}, '.', 2) = ${keyId}`;
          const { count } =
            whenLost === "clear"
              ? await tx`update ${tx(table)} set ${tx(column)} = null where ${isLost}`
              : await tx`delete from ${tx(table)} where ${isLost}`;
          forgotten += count;
        }
        await tx`delete from ring_key where id = ${keyId}`;
        return forgotten;
      }),
    async listen(onNews) {
      const subscription = await sql.listen(channel, onNews, onNews);
      return () => subscription.unlisten();
    },
  };
}

function toWorkingColumns(row: WorkingKeyRow) {
  return {
    id: row.id,
    purpose: row.purpose,
    value_sealed: row.valueSealed,
    created_at: row.createdAt.toISOString(),
    active_from: row.activeFrom.toISOString(),
  };
}
