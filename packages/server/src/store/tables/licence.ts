// Declares the table of the installed licence: one row at most.

import { moment } from "../columns.ts";
import { integer, pgTable, text } from "../drizzle.ts";

export const licence = pgTable("licence", {
  id: integer("id").primaryKey(),
  text: text("text").notNull(),
  installedAt: moment("installed_at").notNull(),
  installedBy: text("installed_by").notNull(),
});
