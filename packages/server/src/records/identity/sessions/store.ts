// SQL of people's sessions, and the news between routers on one database that some ended.

import { randomUUID } from "node:crypto";
import type { Database, Executor } from "../../../store/database.ts";
import { and, desc, eq, gt, ne, sql } from "../../../store/drizzle.ts";
import { rightsChannel } from "../../../store/rights.ts";
import { userSession } from "../../../store/tables/identity.ts";

export type SessionRecord = {
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
};

export type SessionStore = {
  /** Those that still last, newest first. */
  listOf(userId: string, now: Date): Promise<readonly SessionRecord[]>;
  /** How many ended. Other routers hear of it when the transaction is through. */
  end(tx: Executor, userId: string, which?: { readonly only?: string; readonly except?: string }): Promise<number>;
  /** Tells the other routers that what they remember of people is not true any more. */
  announce(tx?: Executor): Promise<void>;
  /** `onNews` also runs at first and after every reconnect. */
  listen(onNews: () => void): Promise<() => Promise<void>>;
};

const channel = "auxot_people_changed";

export function createSessionStore({ db, sql: client }: Database): SessionStore {
  const self = randomUUID();
  const announce = async (tx: Executor = db): Promise<void> =>
    void (await tx.execute(sql`select pg_notify(${channel}, ${self})`));

  return {
    listOf: (userId, now) =>
      db
        .select({
          id: userSession.id,
          createdAt: userSession.createdAt,
          updatedAt: userSession.updatedAt,
          expiresAt: userSession.expiresAt,
          ipAddress: userSession.ipAddress,
          userAgent: userSession.userAgent,
        })
        .from(userSession)
        .where(and(eq(userSession.userId, userId), gt(userSession.expiresAt, now)))
        .orderBy(desc(userSession.createdAt), desc(userSession.id)),
    async end(tx, userId, { only, except } = {}) {
      const gone = await tx
        .delete(userSession)
        .where(
          and(
            eq(userSession.userId, userId),
            only === undefined ? undefined : eq(userSession.id, only),
            except === undefined ? undefined : ne(userSession.id, except),
          ),
        )
        .returning({ id: userSession.id });
      if (gone.length > 0) await announce(tx);
      return gone.length;
    },
    announce,
    async listen(onNews) {
      const people = await client.listen(channel, (from) => from !== self && onNews(), onNews);
      const rights = await client.listen(rightsChannel, onNews);
      return async () => void (await Promise.all([people.unlisten(), rights.unlisten()]));
    },
  };
}
