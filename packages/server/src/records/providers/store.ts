// SQL of the provider table. Sealed API keys go in and out as they are.

import { and, asc, eq, isNull, notInArray, sql } from "../../store/drizzle.ts";
import type { Database } from "../../store/database.ts";
import { provider } from "../../store/schema.ts";

/** A row of the table. `models` is whatever was stored: parsed by the caller. */
export type ProviderRow = {
  readonly id: string;
  readonly name: string;
  readonly kind: "gpu" | "cli" | "cloud";
  readonly dialect: string | null;
  readonly baseUrl: string | null;
  readonly apiKeySealed: string | null;
  readonly models: unknown;
  readonly modelsDeclared: boolean;
  readonly modelsDiscoveredAt: Date | null;
  readonly aliases: Readonly<Record<string, string>>;
  readonly origin: "config" | "system";
};

export type ProviderStore = {
  /** Those in use, ordered by name. */
  list(): Promise<readonly ProviderRow[]>;
  /**
   * In one transaction and safe between routers: `plan` gets all rows, removed ones included, and says what each
   * provider shall be. Those it does not name are removed: they lose their API key, and worker keys of theirs stop working.
   */
  replaceAll(at: Date, plan: (rows: readonly ProviderRow[]) => Promise<readonly ProviderRow[]>): Promise<void>;
  /** Only where the models are not declared. */
  saveDiscoveredModels(id: string, models: unknown, at: Date): Promise<void>;
};

export function createProviderStore({ db }: Database): ProviderStore {
  return {
    list: () => db.select().from(provider).where(isNull(provider.removedAt)).orderBy(asc(provider.name)),
    replaceAll: (at, plan) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(hashtext('auxot_provider'))`);
        const planned = await plan(await tx.select().from(provider).orderBy(asc(provider.name)));
        for (const row of planned) {
          const { id, ...settings } = { ...row, aliases: { ...row.aliases }, updatedAt: at, removedAt: null };
          await tx
            .insert(provider)
            .values({ id, ...settings, createdAt: at })
            .onConflictDoUpdate({ target: provider.id, set: settings });
        }
        await tx
          .update(provider)
          .set({ removedAt: at, apiKeySealed: null, updatedAt: at })
          .where(
            and(
              isNull(provider.removedAt),
              notInArray(
                provider.id,
                planned.map((row) => row.id),
              ),
            ),
          );
      }),
    async saveDiscoveredModels(id, models, at) {
      await db
        .update(provider)
        .set({ models, modelsDiscoveredAt: at })
        .where(and(eq(provider.id, id), eq(provider.modelsDeclared, false)));
    },
  };
}
