// Declares the tables of the audit log. That entries are only ever added is enforced by store/extra.sql.

import { bytea, count, moment } from "../columns.ts";
import { index, integer, pgTable, primaryKey, text } from "../drizzle.ts";

/** One act. `hash` is SHA-256 over the previous entry's hash and all other columns of this one. */
export const auditEntry = pgTable(
  "audit_entry",
  {
    /** Without gaps, in the order of commits. */
    seq: count("seq").primaryKey(),
    id: text("id").notNull().unique(),
    at: moment("at").notNull(),
    actorType: text("actor_type").notNull(),
    actorId: text("actor_id").notNull(),
    actorName: text("actor_name").notNull(),
    keyId: text("key_id").notNull(),
    action: text("action").notNull(),
    targetKind: text("target_kind"),
    targetId: text("target_id"),
    targetName: text("target_name"),
    outcome: text("outcome", { enum: ["success", "failure", "denied"] }).notNull(),
    reason: text("reason"),
    face: text("face").notNull(),
    ip: text("ip"),
    userAgent: text("user_agent"),
    requestId: text("request_id"),
    /** JSON as it was hashed: jsonb would write it anew. */
    before: text("before"),
    after: text("after"),
    hash: bytea("hash").notNull(),
  },
  (table) => [
    index("audit_entry_at").on(table.at),
    index("audit_entry_actor").on(table.actorId, table.seq),
    index("audit_entry_action").on(table.action, table.seq),
    index("audit_entry_target").on(table.targetId, table.seq),
  ],
);

/** One row: the last entry, and the last one that was cut off because it was old enough. Its lock orders the entries. */
export const auditHead = pgTable("audit_head", {
  id: integer("id").primaryKey(),
  seq: count("seq").notNull(),
  hash: bytea("hash").notNull(),
  cutSeq: count("cut_seq").notNull(),
  cutHash: bytea("cut_hash").notNull(),
});

/** A signed word of how far the log had come: what shows that its end was cut off or all of it written anew. */
export const auditAnchor = pgTable(
  "audit_anchor",
  {
    /** "cut": everything up to here was deleted because it was old enough. */
    kind: text("kind", { enum: ["mark", "cut"] }).notNull(),
    seq: count("seq").notNull(),
    hash: text("hash").notNull(),
    at: moment("at").notNull(),
    keyId: text("key_id").notNull(),
    signature: text("signature").notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.seq] })],
);
