// Declares the tables of usage: one row a request, which of them are not rolled up yet, and the roll-ups.

import { count, moment } from "../columns.ts";
import { boolean, index, integer, jsonb, pgTable, primaryKey, sql, text } from "../drizzle.ts";

/** Never changed once written. Names are copied, so that a row outlives keys, people and providers. */
export const usageRecord = pgTable(
  "usage_record",
  {
    id: text("id").primaryKey(),
    at: moment("at").notNull(),
    keyId: text("key_id").notNull(),
    keyName: text("key_name").notNull(),
    /** Whose the key is: a person, a service account or a team; null: the organisation's. */
    ownerId: text("owner_id"),
    /** The team it counts for. */
    teamId: text("team_id"),
    dialect: text("dialect").notNull(),
    stream: boolean("stream").notNull(),
    requestedModel: text("requested_model").notNull(),
    model: text("model"),
    tier: text("tier"),
    provider: text("provider"),
    worker: text("worker"),
    tries: integer("tries").notNull(),
    inputTokens: count("input_tokens").notNull(),
    outputTokens: count("output_tokens").notNull(),
    cachedInputTokens: count("cached_input_tokens").notNull(),
    cacheWriteTokens: count("cache_write_tokens").notNull(),
    reasoningTokens: count("reasoning_tokens").notNull(),
    usageEstimated: boolean("usage_estimated").notNull(),
    /** Null: nobody knows the price. */
    costMicroUsd: count("cost_micro_usd"),
    /** Less than the cloud would have cost; null: nothing to compare with. */
    savedMicroUsd: count("saved_micro_usd"),
    queueMs: integer("queue_ms").notNull(),
    firstTokenMs: integer("first_token_ms"),
    totalMs: integer("total_ms").notNull(),
    outcome: text("outcome", { enum: ["ok", "error", "cancelled"] }).notNull(),
    errorCode: text("error_code"),
    status: integer("status").notNull(),
    /** In the order of their letters, each once. */
    tags: text("tags")
      .array()
      .notNull()
      .default(sql`'{}'`),
    /** The caller's program, as it calls itself. */
    client: text("client"),
  },
  (table) => [
    index("usage_record_at").on(table.at, table.id),
    index("usage_record_key").on(table.keyId, table.at, table.id),
    index("usage_record_owner")
      .on(table.ownerId, table.at, table.id)
      .where(sql`owner_id is not null`),
    index("usage_record_team")
      .on(table.teamId, table.at, table.id)
      .where(sql`team_id is not null`),
  ],
);

/** The rows no roll-up holds yet: written with them, deleted with their roll-up. */
export const usagePending = pgTable("usage_pending", { recordId: text("record_id").primaryKey() });

/** Sums over the rows of one hour or day (UTC) that are alike in every column from `key_id` to `tags`. */
export const usageRollup = pgTable(
  "usage_rollup",
  {
    grain: text("grain", { enum: ["hour", "day"] }).notNull(),
    /** Its beginning. */
    bucket: moment("bucket").notNull(),
    /** SHA-256 of what the rows have in common. */
    likeness: text("likeness").notNull(),
    keyId: text("key_id").notNull(),
    ownerId: text("owner_id"),
    teamId: text("team_id"),
    model: text("model"),
    tier: text("tier"),
    provider: text("provider"),
    dialect: text("dialect").notNull(),
    outcome: text("outcome").notNull(),
    tags: text("tags").array().notNull(),
    requests: count("requests").notNull(),
    inputTokens: count("input_tokens").notNull(),
    outputTokens: count("output_tokens").notNull(),
    cachedInputTokens: count("cached_input_tokens").notNull(),
    cacheWriteTokens: count("cache_write_tokens").notNull(),
    reasoningTokens: count("reasoning_tokens").notNull(),
    costMicroUsd: count("cost_micro_usd").notNull(),
    savedMicroUsd: count("saved_micro_usd").notNull(),
    /** Requests whose tokens are an estimate. */
    estimated: count("estimated").notNull(),
    /** Requests whose price nobody knows. */
    unpriced: count("unpriced").notNull(),
    /** Requests that read from a prompt cache. */
    cacheHits: count("cache_hits").notNull(),
    /** Histograms: how many requests (value) took how long (key, see records/usage/histogram.ts). */
    queue: jsonb("queue").$type<Record<string, number>>().notNull(),
    firstToken: jsonb("first_token").$type<Record<string, number>>().notNull(),
    total: jsonb("total").$type<Record<string, number>>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.grain, table.bucket, table.likeness] }),
    index("usage_rollup_owner")
      .on(table.ownerId, table.grain, table.bucket)
      .where(sql`owner_id is not null`),
    index("usage_rollup_team")
      .on(table.teamId, table.grain, table.bucket)
      .where(sql`team_id is not null`),
    index("usage_rollup_key").on(table.keyId, table.grain, table.bucket),
  ],
);
