// SQL of what the organisation says of models, and the news of changes between routers on one database.

import { planPage, visibleRows, type AskedPage } from "../../operations/store.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Database, Executor } from "../../store/database.ts";
import { and, eq, sql } from "../../store/drizzle.ts";
import { modelAlias, modelRouting, modelVisibility } from "../../store/tables/models.ts";
import { tiers, type Tier } from "@auxot/wire/model-offer";
import type { ModelAlias, ModelRouting, ModelSettings } from "./settings.ts";

type Rows<Row> = { readonly rows: readonly Row[]; readonly nextCursor: string | null };

export type AliasRow = ModelAlias & { readonly name: string; readonly version: number };
export type VisibilityRow = { readonly model: string; readonly teams: readonly string[] };
export type RoutingRow = ModelRouting & {
  readonly subject: string;
  readonly teamId: string | null;
  readonly version: number;
};

export type ModelStore = {
  readAll(): Promise<ModelSettings>;
  /** `onChange` runs after changes by any router, and after every reconnect. */
  listen(onChange: () => void): Promise<() => Promise<void>>;
};

const channel = "auxot_models_changed";

export function createModelStore({ db, sql: client }: Database): ModelStore {
  return {
    async readAll() {
      const [aliases, visibility, routing] = await Promise.all([
        db.select().from(modelAlias).orderBy(modelAlias.name),
        db.select().from(modelVisibility),
        db.select().from(modelRouting),
      ]);
      return {
        aliases: new Map(aliases.map(({ name, models, order }) => [name, { models, order }])),
        visibility: visibility.map(({ model, teams }) => ({ model, teams: new Set(teams) })),
        routing: new Map(routing.map((row) => [row.subject, toRouting(row)])),
      };
    },
    async listen(onChange) {
      const subscription = await client.listen(channel, onChange, onChange);
      return () => subscription.unlisten();
    },
  };
}

/** With the commit all routers read the settings anew. */
export async function announceModels(tx: Executor): Promise<void> {
  await tx.execute(sql`select pg_notify(${channel}, '')`);
}

/** Until the end of the transaction nobody else changes what is said of models. */
export async function lockModels(tx: Executor): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${channel}))`);
}

export async function listAliasRows(tx: Executor, asked: AskedPage): Promise<Rows<AliasRow>> {
  const page = planPage(asked, { name: modelAlias.name }, modelAlias.name);
  const rows = await tx
    .select()
    .from(modelAlias)
    .where(page.after)
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, ({ name }) => ({ value: name, id: name }));
}

export async function findAlias(tx: Executor, name: string): Promise<AliasRow | undefined> {
  const [row] = await tx.select().from(modelAlias).where(eq(modelAlias.name, name));
  return row;
}

export async function putAlias(
  tx: Executor,
  { name, models, order }: Omit<AliasRow, "version">,
  now: Date,
): Promise<void> {
  await tx
    .insert(modelAlias)
    .values({ name, models: [...models], order, createdAt: now })
    .onConflictDoUpdate({
      target: modelAlias.name,
      set: { models: [...models], order, version: sql`${modelAlias.version} + 1` },
    });
}

export async function deleteAlias(tx: Executor, name: string): Promise<void> {
  await tx.delete(modelAlias).where(eq(modelAlias.name, name));
}

export async function listVisibilityRows(tx: Executor, asked: AskedPage): Promise<Rows<VisibilityRow>> {
  const page = planPage(asked, { model: modelVisibility.model }, modelVisibility.model);
  const rows = await tx
    .select()
    .from(modelVisibility)
    .where(page.after)
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, ({ model }) => ({ value: model, id: model }));
}

export async function findVisibility(tx: Executor, model: string): Promise<VisibilityRow | undefined> {
  const [row] = await tx.select().from(modelVisibility).where(eq(modelVisibility.model, model));
  return row;
}

/** `teams` null: the rule goes. */
export async function putVisibility(
  tx: Executor,
  model: string,
  teams: readonly string[] | null,
  now: Date,
): Promise<void> {
  if (teams === null) {
    await tx.delete(modelVisibility).where(eq(modelVisibility.model, model));
    return;
  }
  await tx
    .insert(modelVisibility)
    .values({ model, teams: [...teams], createdAt: now })
    .onConflictDoUpdate({ target: modelVisibility.model, set: { teams: [...teams] } });
}

export async function listRoutingRows(tx: Executor, caller: Caller, asked: AskedPage): Promise<Rows<RoutingRow>> {
  const { subject, teamId } = modelRouting;
  const page = planPage(asked, { subject }, subject);
  const rows = await tx
    .select()
    .from(modelRouting)
    .where(and(visibleRows(caller, "routing.read", { kind: "routing", id: subject, teamId }), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  const cut = page.cut(rows, (row) => ({ value: row.subject, id: row.subject }));
  return { ...cut, rows: cut.rows.map(toRow) };
}

export async function findRouting(tx: Executor, subject: string): Promise<RoutingRow | undefined> {
  const [row] = await tx.select().from(modelRouting).where(eq(modelRouting.subject, subject));
  return row && toRow(row);
}

export async function putRouting(tx: Executor, row: Omit<RoutingRow, "version">, now: Date): Promise<void> {
  const { subject, teamId, defaultModel } = row;
  const said = {
    teamId,
    defaultModel,
    tiers: row.tiers && [...row.tiers],
    fallbacks:
      row.fallbacks && Object.fromEntries(Object.entries(row.fallbacks).map(([name, list]) => [name, [...list]])),
  };
  await tx
    .insert(modelRouting)
    .values({ subject, ...said, createdAt: now })
    .onConflictDoUpdate({ target: modelRouting.subject, set: { ...said, version: sql`${modelRouting.version} + 1` } });
}

export async function deleteRouting(tx: Executor, subject: string): Promise<void> {
  await tx.delete(modelRouting).where(eq(modelRouting.subject, subject));
}

type Stored = typeof modelRouting.$inferSelect;

function toRow(row: Stored): RoutingRow {
  return { subject: row.subject, teamId: row.teamId, version: row.version, ...toRouting(row) };
}

function toRouting({ defaultModel, tiers: stored, fallbacks }: Stored): ModelRouting {
  return { defaultModel, tiers: stored && stored.filter(isTier), fallbacks };
}

function isTier(text: string): text is Tier {
  return tiers.some((tier) => tier === text);
}
