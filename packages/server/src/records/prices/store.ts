// SQL of the organisation's own prices and of what local models are compared with.

import { AppError } from "@auxot/wire/errors";
import { priceSchema, type Price } from "@auxot/wire/price";
import { planPage, type AskedPage } from "../../operations/store.ts";
import type { Database, Executor } from "../../store/database.ts";
import { and, eq, isNull, sql } from "../../store/drizzle.ts";
import { price, priceComparison } from "../../store/tables/prices.ts";

export type PriceRow = {
  readonly id: string;
  readonly model: string;
  readonly provider: string | null;
  readonly price: Price;
  readonly effectiveFrom: Date;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly removedAt: Date | null;
  readonly removedBy: string | null;
};

export type ComparisonRow = {
  readonly model: string;
  readonly cloudModel: string | null;
  readonly updatedAt: Date;
  readonly updatedBy: string;
};

export type AskedPrices = AskedPage & { readonly model?: string | undefined; readonly provider?: string | undefined };

type PageOf<Row> = { readonly rows: readonly Row[]; readonly nextCursor: string | null };

export type PriceStore = {
  /** All that are in use. */
  load(): Promise<{ readonly prices: readonly PriceRow[]; readonly comparisons: readonly ComparisonRow[] }>;
  list(tx: Executor, asked: AskedPrices, inUse: boolean): Promise<PageOf<PriceRow>>;
  /** Undefined when it is not in use. */
  find(tx: Executor, id: string): Promise<PriceRow | undefined>;
  /** Takes the place of one of the same model, provider and date, which it gives. One at a time; throws `invalid_request` beyond `maxPrices`. */
  replace(tx: Executor, row: PriceRow): Promise<PriceRow | undefined>;
  remove(tx: Executor, id: string, removedAt: Date, removedBy: string): Promise<void>;
  listComparisons(tx: Executor, asked: AskedPage): Promise<PageOf<ComparisonRow>>;
  findComparison(tx: Executor, model: string): Promise<ComparisonRow | undefined>;
  /** Throws `invalid_request` beyond `maxPrices`. */
  setComparison(tx: Executor, row: ComparisonRow): Promise<void>;
  removeComparison(tx: Executor, model: string): Promise<void>;
};

/** Every router holds all that are in use in memory. */
export const maxPrices = 10_000;
const lock = sql`select pg_advisory_xact_lock(hashtext('auxot_price'))`;
const inUseOnly = isNull(price.removedAt);

export function createPriceStore({ db }: Pick<Database, "db">): PriceStore {
  return {
    async load() {
      const prices = await db.select().from(price).where(inUseOnly);
      return { prices: prices.map(readRow), comparisons: await db.select().from(priceComparison) };
    },
    async list(tx, asked, inUse) {
      const columns = { model: price.model, effectiveFrom: price.effectiveFrom, createdAt: price.createdAt };
      const page = planPage(asked, columns, price.id);
      const rows = await tx
        .select()
        .from(price)
        .where(
          and(
            inUse ? inUseOnly : undefined,
            asked.model === undefined ? undefined : eq(price.model, asked.model.toLowerCase()),
            asked.provider === undefined ? undefined : eq(price.provider, asked.provider),
            page.after,
          ),
        )
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows.map(readRow), (row) => ({ value: readSortValue(row, asked.sort), id: row.id }));
    },
    async find(tx, id) {
      const [row] = await tx
        .select()
        .from(price)
        .where(and(eq(price.id, id), inUseOnly));
      return row === undefined ? undefined : readRow(row);
    },
    async replace(tx, row) {
      await tx.execute(lock);
      const [before] = await tx
        .update(price)
        .set({ removedAt: row.createdAt, removedBy: row.createdBy })
        .where(
          and(
            eq(price.model, row.model),
            row.provider === null ? isNull(price.provider) : eq(price.provider, row.provider),
            eq(price.effectiveFrom, row.effectiveFrom),
            inUseOnly,
          ),
        )
        .returning();
      if (before === undefined) await refuseTooMany(tx, price);
      await tx.insert(price).values(row);
      return before === undefined ? undefined : readRow(before);
    },
    async remove(tx, id, removedAt, removedBy) {
      await tx.update(price).set({ removedAt, removedBy }).where(eq(price.id, id));
    },
    async listComparisons(tx, asked) {
      const page = planPage(asked, { model: priceComparison.model }, priceComparison.model);
      const rows = await tx
        .select()
        .from(priceComparison)
        .where(page.after)
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows, ({ model }) => ({ value: model, id: model }));
    },
    async findComparison(tx, model) {
      const [row] = await tx.select().from(priceComparison).where(eq(priceComparison.model, model));
      return row;
    },
    async setComparison(tx, row) {
      await tx.execute(lock);
      await refuseTooMany(tx, priceComparison);
      const { model: _, ...set } = row;
      await tx.insert(priceComparison).values(row).onConflictDoUpdate({ target: priceComparison.model, set });
    },
    async removeComparison(tx, model) {
      await tx.delete(priceComparison).where(eq(priceComparison.model, model));
    },
  };
}

async function refuseTooMany(tx: Executor, table: typeof price | typeof priceComparison): Promise<void> {
  const only = table === price ? sql`where removed_at is null` : sql``;
  const [found] = await tx.execute<{ count: number }>(sql`select count(*)::int as count from ${table} ${only}`);
  if ((found?.count ?? 0) < maxPrices) return;
  throw new AppError("invalid_request", `There are ${maxPrices} already; remove some that are no longer needed.`);
}

function readRow(row: typeof price.$inferSelect): PriceRow {
  return { ...row, price: priceSchema.parse(row.price) };
}

function readSortValue(row: PriceRow, sort: string): Date | string {
  if (sort.endsWith("model")) return row.model;
  return sort.endsWith("effectiveFrom") ? row.effectiveFrom : row.createdAt;
}
