// Declares the tables of named secrets: their sealed values, and what reads them.

import { count, moment } from "../columns.ts";
import { integer, pgTable, primaryKey, text, uniqueIndex } from "../drizzle.ts";

export const secret = pgTable(
  "secret",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    scope: text("scope", { enum: ["org", "team", "user"] }).notNull(),
    /** Of the team or user; empty for the organisation. */
    scopeId: text("scope_id").notNull(),
    description: text("description").notNull(),
    valueSealed: text("value_sealed").notNull(),
    /** Its last characters; empty when it is too short to show any. */
    last4: text("last4").notNull(),
    version: integer("version").notNull(),
    createdAt: moment("created_at").notNull(),
    updatedAt: moment("updated_at").notNull(),
    updatedBy: text("updated_by").notNull(),
    lastReadAt: moment("last_read_at"),
  },
  (table) => [uniqueIndex("secret_name").on(table.scope, table.scopeId, table.name)],
);

/** What reads a secret: an agent, a tool server, a provider. */
export const secretUse = pgTable(
  "secret_use",
  {
    secretId: text("secret_id")
      .notNull()
      .references(() => secret.id, { onDelete: "cascade" }),
    kind: text("kind").notNull(),
    id: text("id").notNull(),
    name: text("name").notNull(),
    reads: count("reads").notNull(),
    lastReadAt: moment("last_read_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.secretId, table.kind, table.id] })],
);
