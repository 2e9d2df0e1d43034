// SQL of what is kept of requests' contents, and of the settings that say how much.

import type { ContentLevel } from "@auxot/wire/operations/request-log";
import { visibleRows } from "../../operations/store.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Database, Executor } from "../../store/database.ts";
import { and, asc, eq, gt, inArray, lte, sql } from "../../store/drizzle.ts";
import { contentSetting, requestContent } from "../../store/tables/request-log.ts";
import type { KeptLevel } from "./content.ts";

export type SettingRow = {
  readonly scope: string;
  readonly level: ContentLevel;
  readonly retentionDays: number;
  readonly words: string[];
  readonly version: number;
  readonly updatedAt: Date;
};

export type ContentRow = {
  readonly requestId: string;
  readonly at: Date;
  readonly keyId: string;
  readonly ownerId: string | null;
  readonly teamId: string | null;
  readonly level: KeptLevel;
  /** JSON. */
  readonly request: string;
  readonly answer: string | null;
  readonly truncated: boolean;
  readonly expiresAt: Date;
};

export type RequestLogStore = {
  listAllSettings(): Promise<readonly SettingRow[]>;
  /** Those the caller may see, the organisation's first. */
  listSettings(tx: Executor, caller: Caller): Promise<readonly SettingRow[]>;
  /** Held until the transaction ends. */
  lockSetting(tx: Executor, scope: string): Promise<SettingRow | undefined>;
  saveSetting(tx: Executor, row: SettingRow): Promise<void>;
  removeSetting(tx: Executor, scope: string): Promise<void>;
  /** A content that is there already stays as it is. */
  insert(rows: readonly ContentRow[]): Promise<void>;
  /** Only what has not expired. */
  find(tx: Executor, requestId: string, now: Date): Promise<ContentRow | undefined>;
  /** At most `limit`; how many. */
  removeExpired(now: Date, limit: number): Promise<number>;
};

export function createRequestLogStore({ db }: Database): RequestLogStore {
  return {
    listAllSettings: () => db.select().from(contentSetting),
    listSettings: (tx, caller) =>
      tx
        .select()
        .from(contentSetting)
        .where(
          visibleRows(caller, "content-logging.read", {
            kind: "content-setting",
            id: contentSetting.scope,
            teamId: contentSetting.scope,
          }),
        )
        .orderBy(sql`${contentSetting.scope} <> 'org'`, asc(contentSetting.scope)),
    async lockSetting(tx, scope) {
      // Also where there is no row yet to lock.
      await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`content_setting ${scope}`}, 0))`);
      const [row] = await tx.select().from(contentSetting).where(eq(contentSetting.scope, scope));
      return row;
    },
    async saveSetting(tx, row) {
      await tx.insert(contentSetting).values(row).onConflictDoUpdate({ target: contentSetting.scope, set: row });
    },
    async removeSetting(tx, scope) {
      await tx.delete(contentSetting).where(eq(contentSetting.scope, scope));
    },
    async insert(rows) {
      if (rows.length > 0)
        await db
          .insert(requestContent)
          .values([...rows])
          .onConflictDoNothing();
    },
    async find(tx, requestId, now) {
      const [row] = await tx
        .select()
        .from(requestContent)
        .where(and(eq(requestContent.requestId, requestId), gt(requestContent.expiresAt, now)));
      return row;
    },
    async removeExpired(now, limit) {
      const expired = db
        .select({ id: requestContent.requestId })
        .from(requestContent)
        .where(lte(requestContent.expiresAt, now))
        .orderBy(asc(requestContent.expiresAt))
        .limit(limit);
      const removed = await db
        .delete(requestContent)
        .where(inArray(requestContent.requestId, expired))
        .returning({ id: requestContent.requestId });
      return removed.length;
    },
  };
}
