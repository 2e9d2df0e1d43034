// Declares the tables of what somebody outside is told: how far each has come, and the events that wait for the webhook.

import { count, moment } from "../columns.ts";
import { index, integer, pgTable, text } from "../drizzle.ts";

/** One collector of the audit log, or the webhook. */
export const deliveryStream = pgTable("delivery_stream", {
  name: text("name").primaryKey(),
  /** The last number told, of what is told in order; 0 otherwise. */
  seq: count("seq").notNull(),
  /** The router that tells it now, and until when no other may. */
  owner: text("owner"),
  ownedUntil: moment("owned_until"),
});

/** Something to tell the webhook. Written together with what it is about. */
export const webhookEvent = pgTable(
  "webhook_event",
  {
    /** That of what it is about: receivers know one that comes twice by it. */
    id: text("id").primaryKey(),
    type: text("type").notNull(),
    /** The JSON that is sent, byte by byte. */
    body: text("body").notNull(),
    at: moment("at").notNull(),
    /** `lost`: given up after too many tries. */
    state: text("state", { enum: ["waiting", "delivered", "lost"] }).notNull(),
    /** Times it was sent in vain. */
    tries: integer("tries").notNull(),
    /** Not before, while it waits. */
    nextTryAt: moment("next_try_at").notNull(),
    deliveredAt: moment("delivered_at"),
  },
  (table) => [index("webhook_event_state").on(table.state, table.nextTryAt), index("webhook_event_at").on(table.at)],
);
