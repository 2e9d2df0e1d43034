// Declares the tables of the key ring: which secret keys there are (never the keys), and the working keys, sealed by them.

import { moment } from "../columns.ts";
import { pgTable, sql, text, uniqueIndex } from "../drizzle.ts";

export const ringKey = pgTable(
  "ring_key",
  {
    id: text("id").primaryKey(),
    state: text("state", { enum: ["current", "previous", "retired"] }).notNull(),
    /** When it became the current one last. */
    currentSince: moment("current_since").notNull(),
    retiredAt: moment("retired_at"),
  },
  (table) => [
    uniqueIndex("ring_key_current")
      .on(table.state)
      .where(sql`state = 'current'`),
  ],
);

export const workingKey = pgTable("working_key", {
  id: text("id").primaryKey(),
  purpose: text("purpose").notNull(),
  /** The key in base64, sealed for this row. */
  valueSealed: text("value_sealed").notNull(),
  createdAt: moment("created_at").notNull(),
  /** Until then it only checks and opens, so that every router knows it before the first one uses it. */
  activeFrom: moment("active_from").notNull(),
});
