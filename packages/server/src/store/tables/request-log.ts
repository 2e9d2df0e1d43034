// Declares what is kept of requests' contents, and who chose how much.

import { moment } from "../columns.ts";
import { boolean, index, integer, pgTable, text } from "../drizzle.ts";

export const contentSetting = pgTable("content_setting", {
  /** `org`, or a team's id. */
  scope: text("scope").primaryKey(),
  level: text("level", { enum: ["off", "metadata", "redacted", "full"] }).notNull(),
  retentionDays: integer("retention_days").notNull(),
  words: text("words").array().notNull(),
  version: integer("version").notNull(),
  updatedAt: moment("updated_at").notNull(),
});

/** JSON is kept as text: jsonb takes no \u0000. */
export const requestContent = pgTable(
  "request_content",
  {
    requestId: text("request_id").primaryKey(),
    at: moment("at").notNull(),
    keyId: text("key_id").notNull(),
    /** Whose request it was; null: the organisation's own. */
    ownerId: text("owner_id"),
    teamId: text("team_id"),
    level: text("level", { enum: ["metadata", "redacted", "full"] }).notNull(),
    request: text("request").notNull(),
    answer: text("answer"),
    truncated: boolean("truncated").notNull(),
    expiresAt: moment("expires_at").notNull(),
  },
  (table) => [index("request_content_expires_at").on(table.expiresAt)],
);
