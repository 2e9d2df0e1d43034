// SQL of the events that the webhook is told: those that wait, and those that are over and kept for a while.

import type { WebhookEvent } from "@auxot/wire/webhook-event";
import type { Database, Executor } from "../../store/database.ts";
import { and, eq, lte, sql } from "../../store/drizzle.ts";
import { webhookEvent } from "../../store/tables/delivery.ts";

export type WaitingEvent = Pick<typeof webhookEvent.$inferSelect, "id" | "type" | "body" | "tries">;

export type WebhookStore = {
  insert(tx: Executor, event: WebhookEvent): Promise<void>;
  /** Those whose time has come, in the order of their times. */
  listDue(now: Date, limit: number): Promise<readonly WaitingEvent[]>;
  setDelivered(id: string, now: Date): Promise<void>;
  /** It was sent once more in vain. */
  setTried(id: string, nextTryAt: Date): Promise<void>;
  countWaiting(): Promise<number>;
  /** Gives up those that are older than `before`, and the oldest that are more than `most`. How many. */
  giveUp(before: Date, most: number): Promise<number>;
  /** Deletes those that are over and older than `before`. How many. */
  forget(before: Date, limit: number): Promise<number>;
};

const isWaiting = eq(webhookEvent.state, "waiting");

export function createWebhookStore({ db, sql: client }: Database): WebhookStore {
  return {
    async insert(tx, { id, body }) {
      const at = new Date(body.timestamp);
      const text = JSON.stringify(body);
      await tx
        .insert(webhookEvent)
        .values({ id, type: body.type, body: text, at, state: "waiting", tries: 0, nextTryAt: at });
    },
    listDue(now, limit) {
      const { id, type, body, tries, nextTryAt } = webhookEvent;
      return db
        .select({ id, type, body, tries })
        .from(webhookEvent)
        .where(and(isWaiting, lte(nextTryAt, now)))
        .orderBy(nextTryAt, id)
        .limit(limit);
    },
    async setDelivered(id, now) {
      await db.update(webhookEvent).set({ state: "delivered", deliveredAt: now }).where(eq(webhookEvent.id, id));
    },
    async setTried(id, nextTryAt) {
      const tries = sql`${webhookEvent.tries} + 1`;
      await db
        .update(webhookEvent)
        .set({ tries, nextTryAt })
        .where(and(isWaiting, eq(webhookEvent.id, id)));
    },
    countWaiting: () => db.$count(webhookEvent, isWaiting),
    async giveUp(before, most) {
      const { count } = await client`
        update webhook_event set state = 'lost'
        where state = 'waiting' and (at < ${before.toISOString()} or id in (
          select id from webhook_event where state = 'waiting' order by at desc, id desc offset ${most}))`;
      return count;
    },
    async forget(before, limit) {
      const { count } = await client`
        delete from webhook_event where id in (
          select id from webhook_event where state <> 'waiting' and at < ${before.toISOString()} limit ${limit})`;
      return count;
    },
  };
}
