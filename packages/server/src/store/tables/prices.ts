// Declares the tables of prices: the organisation's own, and what local models are compared with.

import { moment } from "../columns.ts";
import { index, jsonb, pgTable, sql, text, uniqueIndex } from "../drizzle.ts";

/** Never changed once written: another price for the same time takes its place, and the row stays as history. */
export const price = pgTable(
  "price",
  {
    id: text("id").primaryKey(),
    model: text("model").notNull(),
    /** Null: every cloud provider. */
    provider: text("provider"),
    price: jsonb("price").$type<unknown>().notNull(),
    effectiveFrom: moment("effective_from").notNull(),
    createdAt: moment("created_at").notNull().defaultNow(),
    /** The id of whoever did it; the same below. */
    createdBy: text("created_by").notNull(),
    removedAt: moment("removed_at"),
    removedBy: text("removed_by"),
  },
  (table) => [
    uniqueIndex("price_in_use")
      .on(table.model, sql`coalesce(provider, '')`, table.effectiveFrom)
      .where(sql`removed_at is null`),
    index("price_model").on(table.model, table.createdAt),
  ],
);

/** Which cloud model's price the answers of a local model are compared with. */
export const priceComparison = pgTable("price_comparison", {
  model: text("model").primaryKey(),
  /** Null: nothing is compared. */
  cloudModel: text("cloud_model"),
  updatedAt: moment("updated_at").notNull().defaultNow(),
  updatedBy: text("updated_by").notNull(),
});
