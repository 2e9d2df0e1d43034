// Declares the tables, those of the newer rooms in tables/. Migrations are made from them (`npm run new:migration`) and never
// edited after release.

import { bytea, moment } from "./columns.ts";
import { boolean, index, integer, jsonb, pgTable, primaryKey, sql, text } from "./drizzle.ts";

export const provider = pgTable("provider", {
  id: text("id").primaryKey(),
  name: text("name").notNull().unique(),
  kind: text("kind", { enum: ["gpu", "cli", "cloud"] }).notNull(),
  dialect: text("dialect"),
  baseUrl: text("base_url"),
  /** Sealed for this row's id. */
  apiKeySealed: text("api_key_sealed"),
  models: jsonb("models").$type<unknown>().notNull().default([]),
  modelsDeclared: boolean("models_declared").notNull().default(false),
  modelsDiscoveredAt: moment("models_discovered_at"),
  aliases: jsonb("aliases").$type<Record<string, string>>().notNull().default({}),
  origin: text("origin", { enum: ["config", "system"] }).notNull(),
  createdAt: moment("created_at").notNull().defaultNow(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
  /** No longer declared. The row stays because keys and history point at it. */
  removedAt: moment("removed_at"),
});

export const key = pgTable(
  "key",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    description: text("description").notNull().default(""),
    kind: text("kind", { enum: ["caller", "worker"] }).notNull(),
    /** A person or a service account. Null with `team_id`: the team's; null without: the organisation's. */
    ownerId: text("owner_id"),
    /** The team whose admins manage it: its owner, or that of the service account that is. */
    teamId: text("team_id"),
    admin: boolean("admin").notNull().default(false),
    providerId: text("provider_id").references(() => provider.id),
    hmac: bytea("hmac").notNull().unique(),
    /** The pepper `hmac` was made with. */
    pepperId: text("pepper_id").notNull(),
    /** Of the text it had before it was rotated, which works until then. */
    previousHmac: bytea("previous_hmac").unique(),
    previousUntil: moment("previous_until"),
    masked: text("masked").notNull(),
    /** Null in these four: not held to anything. */
    scopes: text("scopes").array(),
    models: text("models").array(),
    agents: text("agents").array(),
    ipRanges: text("ip_ranges").array(),
    origin: text("origin", { enum: ["config", "bootstrap", "created"] }).notNull(),
    createdAt: moment("created_at").notNull().defaultNow(),
    expiresAt: moment("expires_at"),
    revokedAt: moment("revoked_at"),
    lastUsedAt: moment("last_used_at"),
    lastUsedFrom: text("last_used_from"),
    version: integer("version").notNull().default(1),
  },
  (table) => [index("key_owner_id").on(table.ownerId), index("key_team_id").on(table.teamId)],
);

/** JSON is kept as text: jsonb takes no \u0000, and the caller gets back what it got. */
export const storedResponse = pgTable(
  "stored_response",
  {
    keyId: text("key_id").notNull(),
    /** As the caller knows it; another key may know another response by it. */
    id: text("id").notNull(),
    status: text("status", {
      enum: ["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"],
    }).notNull(),
    background: boolean("background").notNull(),
    /** Null until a source took it. */
    provider: text("provider"),
    model: text("model"),
    /** The provider keeps it too, under the same id. */
    heldUpstream: boolean("held_upstream").notNull(),
    previousId: text("previous_id"),
    createdAt: moment("created_at").notNull(),
    expiresAt: moment("expires_at").notNull(),
    /** While it runs: until then its router is alive for certain. */
    aliveUntil: moment("alive_until"),
    /** The response object. */
    response: text("response").notNull(),
    /** A list of its input items. */
    input: text("input").notNull(),
    /** Of the items that began here. */
    itemIds: text("item_ids").array().notNull(),
    /** The events of its stream, when it can be streamed again. */
    frames: text("frames"),
  },
  (table) => [
    primaryKey({ columns: [table.keyId, table.id] }),
    index("stored_response_expires_at").on(table.expiresAt),
    index("stored_response_item_ids").using("gin", table.itemIds),
    index("stored_response_running")
      .on(table.aliveUntil)
      .where(sql`alive_until is not null`),
  ],
);
