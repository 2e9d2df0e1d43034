// SQL of named secrets. Sealed values go in and out as they are.

import type { SQL } from "drizzle-orm";
import type { SecretScope } from "@auxot/wire/operations/secrets";
import { planPage, visibleRows, type AskedPage } from "../../operations/store.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Database, Executor } from "../../store/database.ts";
import { and, desc, eq, inArray, sql } from "../../store/drizzle.ts";
import { secret, secretUse } from "../../store/tables/secrets.ts";

/** `scopeId` is empty for the organisation. */
export type SecretPlace = { readonly scope: SecretScope; readonly scopeId: string; readonly name: string };

export type SecretRow = SecretPlace & {
  readonly id: string;
  readonly description: string;
  readonly valueSealed: string;
  readonly last4: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly updatedBy: string;
  readonly lastReadAt: Date | null;
};

export type SecretUse = {
  readonly secretId: string;
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly reads: number;
  readonly lastReadAt: Date;
};

export type SecretFilter = { readonly scope?: SecretScope | undefined; readonly scopeId?: string | undefined };

export type SecretStore = {
  list(
    tx: Executor,
    caller: Caller,
    filter: SecretFilter,
    asked: AskedPage,
  ): Promise<{ readonly rows: readonly SecretRow[]; readonly nextCursor: string | null }>;
  /** Locks it until the transaction ends. */
  findPlaced(tx: Executor, place: SecretPlace): Promise<SecretRow | undefined>;
  findById(tx: Executor, id: string): Promise<SecretRow | undefined>;
  /** False when there is one at its place meanwhile. */
  insert(tx: Executor, row: SecretRow): Promise<boolean>;
  update(tx: Executor, row: SecretRow): Promise<void>;
  remove(tx: Executor, id: string): Promise<void>;
  /** The first there is: the user's, the team's, the organisation's. */
  resolve(name: string, userId: string | null, teamId: string | null): Promise<SecretRow | undefined>;
  /** The latest first, `most` of each secret. */
  listUses(tx: Executor, ids: readonly string[], most: number): Promise<readonly SecretUse[]>;
  /** Adds up; those of secrets that are gone are left out. */
  saveUses(uses: readonly SecretUse[]): Promise<void>;
};

export function createSecretStore({ db, sql: client }: Database): SecretStore {
  return {
    async list(tx, caller, { scope, scopeId }, asked) {
      const page = planPage(asked, { name: secret.name, updatedAt: secret.updatedAt }, secret.id);
      const found = await tx
        .select()
        .from(secret)
        .where(
          and(
            visibleRows(caller, "secrets.read", {
              kind: "secret",
              id: secret.id,
              // A team's secrets are not a key's of the team.
              ...(caller.principal.type === "team" ? {} : { ownerId: secret.scopeId }),
              teamId: secret.scopeId,
            }),
            scope === undefined ? undefined : eq(secret.scope, scope),
            scopeId === undefined ? undefined : eq(secret.scopeId, scopeId),
            page.after,
          ),
        )
        .orderBy(...page.orderBy)
        .limit(page.limit);
      const byTime = asked.sort.endsWith("updatedAt");
      return page.cut(found, (row) => ({ value: byTime ? row.updatedAt : row.name, id: row.id }));
    },
    async findPlaced(tx, place) {
      const [row] = await tx.select().from(secret).where(isAt(place)).for("update");
      return row;
    },
    async findById(tx, id) {
      const [row] = await tx.select().from(secret).where(eq(secret.id, id)).for("update");
      return row;
    },
    async insert(tx, row) {
      const inserted = await tx.insert(secret).values(row).onConflictDoNothing().returning({ id: secret.id });
      return inserted.length > 0;
    },
    async update(tx, { id, ...row }) {
      await tx.update(secret).set(row).where(eq(secret.id, id));
    },
    async remove(tx, id) {
      await tx.delete(secret).where(eq(secret.id, id));
    },
    async resolve(name, userId, teamId) {
      const [row] = await db
        .select()
        .from(secret)
        .where(
          sql`${secret.name} = ${name} and (${secret.scope}, ${secret.scopeId}) in
            (('user', ${userId ?? ""}), ('team', ${teamId ?? ""}), ('org', ''))`,
        )
        .orderBy(desc(sql`array_position(array['org', 'team', 'user'], ${secret.scope})`))
        .limit(1);
      return row;
    },
    async listUses(tx, ids, most) {
      if (ids.length === 0) return [];
      const ranked = tx
        .select({
          secretId: secretUse.secretId,
          kind: secretUse.kind,
          id: secretUse.id,
          name: secretUse.name,
          reads: secretUse.reads,
          lastReadAt: secretUse.lastReadAt,
          rank: sql<number>`row_number() over (partition by ${secretUse.secretId} order by ${secretUse.lastReadAt} desc)`.as(
            "rank",
          ),
        })
        .from(secretUse)
        .where(inArray(secretUse.secretId, [...ids]))
        .as("ranked");
      return tx
        .select()
        .from(ranked)
        .where(sql`${ranked.rank} <= ${most}`)
        .orderBy(desc(ranked.lastReadAt));
    },
    async saveUses(uses) {
      if (uses.length === 0) return;
      const json = JSON.stringify(
        uses.map(({ secretId, kind, id, name, reads, lastReadAt }) => {
          return { secret_id: secretId, kind, id, name, reads, last_read_at: lastReadAt.toISOString() };
        }),
      );
      await client.begin(async (tx) => {
        await tx`
          insert into secret_use as known (secret_id, kind, id, name, reads, last_read_at)
          select used.* from jsonb_populate_recordset(null::secret_use, ${json}::text::jsonb) as used
          join secret on secret.id = used.secret_id
          on conflict (secret_id, kind, id) do update set name = excluded.name,
            reads = known.reads + excluded.reads, last_read_at = greatest(known.last_read_at, excluded.last_read_at)`;
        await tx`
          update secret set last_read_at = greatest(secret.last_read_at, used.at) from (
            select secret_id, max(last_read_at) as at
            from jsonb_populate_recordset(null::secret_use, ${json}::text::jsonb) group by 1
          ) as used where secret.id = used.secret_id`;
      });
    },
  };
}

function isAt({ scope, scopeId, name }: SecretPlace): SQL | undefined {
  return and(eq(secret.scope, scope), eq(secret.scopeId, scopeId), eq(secret.name, name));
}
