// Declares what the organisation says of models: who sees them, names of its own, and the order in which they are asked.

import { moment } from "../columns.ts";
import { integer, jsonb, pgTable, text } from "../drizzle.ts";

export const modelVisibility = pgTable("model_visibility", {
  /** A name, or the beginning of names with `*`. */
  model: text("model").primaryKey(),
  /** Ids; none: administrators only. */
  teams: text("teams").array().notNull(),
  createdAt: moment("created_at").notNull(),
});

export const modelAlias = pgTable("model_alias", {
  name: text("name").primaryKey(),
  models: text("models").array().notNull(),
  order: text("order", { enum: ["listed", "tiers"] }).notNull(),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull(),
});

/** Null in a column: this subject says nothing of it. */
export const modelRouting = pgTable("model_routing", {
  /** `org`, or the id of a team, a service account or a key. */
  subject: text("subject").primaryKey(),
  /** Whose admins may change it; null: the organisation's only. */
  teamId: text("team_id"),
  defaultModel: text("default_model"),
  tiers: text("tiers").array(),
  fallbacks: jsonb("fallbacks").$type<Record<string, string[]>>(),
  version: integer("version").notNull().default(1),
  createdAt: moment("created_at").notNull(),
});
