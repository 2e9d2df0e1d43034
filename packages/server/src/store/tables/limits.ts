// Tables of limits: what is declared, what routers hold and have used of it, what was told, what people ask for.

import { limitActions, limitMeasures, limitSubjectTypes, limitWindows } from "@auxot/wire/limit";
import { count, moment } from "../columns.ts";
import { index, integer, pgTable, primaryKey, text, uniqueIndex } from "../drizzle.ts";

export const usageLimit = pgTable(
  "usage_limit",
  {
    id: text("id").primaryKey(),
    subjectType: text("subject_type", { enum: limitSubjectTypes }).notNull(),
    /** "" for the organisation. */
    subjectId: text("subject_id").notNull(),
    measure: text("measure", { enum: limitMeasures }).notNull(),
    /** The window. Null for concurrency. */
    per: text("per", { enum: limitWindows }),
    amount: count("amount").notNull(),
    action: text("action", { enum: limitActions }).notNull(),
    model: text("model"),
    version: integer("version").notNull().default(1),
    createdAt: moment("created_at").notNull(),
    updatedAt: moment("updated_at").notNull(),
  },
  (table) => [index("usage_limit_subject").on(table.subjectType, table.subjectId)],
);

/**
 * One row for each time a router took up a limit in a window. What is used of a budget is the sum of `spent`; what nobody else
 * may take is `granted` of the leases that have not expired. Rates and concurrency have the one window 1970-01-01 and no `spent`.
 */
export const limitLease = pgTable(
  "limit_lease",
  {
    limitId: text("limit_id")
      .notNull()
      .references(() => usageLimit.id, { onDelete: "cascade" }),
    windowStart: moment("window_start").notNull(),
    holderId: text("holder_id").notNull(),
    /** Spent included. */
    granted: count("granted").notNull(),
    spent: count("spent").notNull(),
    /** From then on only `spent` counts. */
    expiresAt: moment("expires_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.limitId, table.windowStart, table.holderId] }),
    index("limit_lease_expires_at").on(table.expiresAt),
  ],
);

/** Outlives its limit. */
export const limitAlert = pgTable(
  "limit_alert",
  {
    id: text("id").primaryKey(),
    limitId: text("limit_id").notNull(),
    subjectType: text("subject_type").notNull(),
    subjectId: text("subject_id").notNull(),
    measure: text("measure").notNull(),
    per: text("per").notNull(),
    windowStart: moment("window_start").notNull(),
    percent: integer("percent").notNull(),
    used: count("used").notNull(),
    amount: count("amount").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [
    uniqueIndex("limit_alert_once").on(table.limitId, table.windowStart, table.percent),
    index("limit_alert_at").on(table.at),
  ],
);

/** Somebody asks for a higher limit. */
export const raiseRequest = pgTable(
  "raise_request",
  {
    id: text("id").primaryKey(),
    limitId: text("limit_id")
      .notNull()
      .references(() => usageLimit.id, { onDelete: "cascade" }),
    /** A key's or person's id, and its name then. */
    askedById: text("asked_by_id").notNull(),
    askedByName: text("asked_by_name").notNull(),
    amount: count("amount").notNull(),
    reason: text("reason").notNull(),
    state: text("state", { enum: ["open", "granted", "declined"] }).notNull(),
    decidedByName: text("decided_by_name"),
    note: text("note"),
    version: integer("version").notNull().default(1),
    createdAt: moment("created_at").notNull(),
    decidedAt: moment("decided_at"),
  },
  (table) => [index("raise_request_limit").on(table.limitId), index("raise_request_created_at").on(table.createdAt)],
);
