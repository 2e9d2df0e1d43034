// Declares what stands behind operations of every noun: shares of single things, and creates that may be repeated.

import { bytea, moment } from "../columns.ts";
import { index, pgTable, primaryKey, text } from "../drizzle.ts";

/** A level on one thing, given to the organisation, a team or a principal. */
export const resourceGrant = pgTable(
  "resource_grant",
  {
    kind: text("kind").notNull(),
    resourceId: text("resource_id").notNull(),
    /** `org`, or an id. */
    grantee: text("grantee").notNull(),
    level: text("level", { enum: ["owner", "editor", "viewer"] }).notNull(),
    createdAt: moment("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.resourceId, table.grantee] }),
    index("resource_grant_grantee").on(table.grantee),
  ],
);

/** The answers to creates that came with an `Idempotency-Key`. */
export const idempotentAnswer = pgTable(
  "idempotent_answer",
  {
    /** Whose key it is: two callers may choose the same. */
    callerId: text("caller_id").notNull(),
    key: text("key").notNull(),
    /** Of operation and input: the same key with another question is refused. */
    fingerprint: bytea("fingerprint").notNull(),
    /** Sealed: the answer may hold a key. */
    answer: text("answer").notNull(),
    createdAt: moment("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.callerId, table.key] }),
    index("idempotent_answer_created_at").on(table.createdAt),
  ],
);
