// SQL of the limits that are declared, and of the alerts they raised.

import type { Limit, LimitMeasure, LimitSubjectType, LimitWindow } from "@auxot/wire/limit";
import { planPage, visibleRows, type AskedPage } from "../../operations/store.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Database, Executor } from "../../store/database.ts";
import { and, eq, sql } from "../../store/drizzle.ts";
import { limitAlert, usageLimit } from "../../store/tables/limits.ts";

export type LimitRecord = Limit & { readonly version: number; readonly createdAt: Date; readonly updatedAt: Date };

export type AlertRecord = {
  readonly id: string;
  readonly limitId: string;
  readonly subjectType: LimitSubjectType;
  readonly subjectId: string;
  readonly measure: LimitMeasure;
  readonly window: LimitWindow;
  readonly windowStart: Date;
  readonly percent: number;
  readonly used: number;
  readonly amount: number;
  readonly at: Date;
};

export type AskedLimits = AskedPage & {
  readonly subject?: LimitSubjectType | undefined;
  readonly subjectId?: string | undefined;
};

export type AskedAlerts = AskedPage & { readonly limitId?: string | undefined };

export type Rows<Row> = { readonly rows: readonly Row[]; readonly nextCursor: string | null };

export type LimitStore = {
  /** Every limit, for counting. */
  listAll(): Promise<readonly Limit[]>;
  /** Changes whenever `listAll` may give something else. */
  readStamp(): Promise<string>;
  list(tx: Executor, caller: Caller, asked: AskedLimits): Promise<Rows<LimitRecord>>;
  /** With `lock`, nobody else changes it before the transaction is over. */
  get(tx: Executor, id: string, lock?: "lock"): Promise<LimitRecord | undefined>;
  insert(tx: Executor, limit: LimitRecord): Promise<void>;
  update(tx: Executor, limit: LimitRecord): Promise<void>;
  remove(tx: Executor, id: string): Promise<void>;
  /** False when this one, or a higher one, was written before: by whichever router. */
  insertAlert(tx: Executor, alert: AlertRecord): Promise<boolean>;
  listAlerts(tx: Executor, caller: Caller, asked: AskedAlerts): Promise<Rows<AlertRecord>>;
};

/** Whoever a limit is for may see it, and whoever is in the team it is for. Ids say by themselves what they are of. */
const limitColumns = {
  kind: "limit",
  id: usageLimit.id,
  ownerId: usageLimit.subjectId,
  teamId: usageLimit.subjectId,
} as const;
const alertColumns = {
  kind: "alert",
  id: limitAlert.id,
  ownerId: limitAlert.subjectId,
  teamId: limitAlert.subjectId,
} as const;

export function createLimitStore({ db, sql: client }: Database): LimitStore {
  return {
    async listAll() {
      return (await db.select().from(usageLimit).orderBy(usageLimit.id)).map(toRecord);
    },
    async readStamp() {
      const [row] = await client<{ stamp: string }[]>`
        select count(*) || ' ' || coalesce(sum(version), 0) || ' ' || coalesce(max(updated_at), 'epoch') as stamp from usage_limit`;
      return row?.stamp ?? "";
    },
    async list(tx, caller, asked) {
      const page = planPage(asked, { createdAt: usageLimit.createdAt }, usageLimit.id);
      const rows = await tx
        .select()
        .from(usageLimit)
        .where(
          and(
            visibleRows(caller, "limits.read", limitColumns),
            asked.subject === undefined ? undefined : eq(usageLimit.subjectType, asked.subject),
            asked.subjectId === undefined ? undefined : eq(usageLimit.subjectId, asked.subjectId),
            page.after,
          ),
        )
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows.map(toRecord), (row) => ({ value: row.createdAt, id: row.id }));
    },
    async get(tx, id, lock) {
      const found = tx.select().from(usageLimit).where(eq(usageLimit.id, id));
      const [row] = await (lock === undefined ? found : found.for("no key update"));
      return row === undefined ? undefined : toRecord(row);
    },
    async insert(tx, limit) {
      await tx.insert(usageLimit).values(toRow(limit));
    },
    async update(tx, limit) {
      await tx.update(usageLimit).set(toRow(limit)).where(eq(usageLimit.id, limit.id));
    },
    async remove(tx, id) {
      await tx.delete(usageLimit).where(eq(usageLimit.id, id));
    },
    async insertAlert(tx, { window, ...alert }) {
      const rows = await tx.execute(sql`
        insert into limit_alert (id, limit_id, subject_type, subject_id, measure, per, window_start, percent, used, amount, at)
        select ${alert.id}, ${alert.limitId}, ${alert.subjectType}, ${alert.subjectId}, ${alert.measure}, ${window},
          ${alert.windowStart.toISOString()}::timestamptz, ${alert.percent}, ${alert.used}, ${alert.amount},
          ${alert.at.toISOString()}::timestamptz
        where not exists (
          select 1 from limit_alert where limit_id = ${alert.limitId}
            and window_start = ${alert.windowStart.toISOString()}::timestamptz and percent >= ${alert.percent})
        on conflict do nothing returning id`);
      return rows.length > 0;
    },
    async listAlerts(tx, caller, asked) {
      const page = planPage(asked, { at: limitAlert.at }, limitAlert.id);
      const rows = await tx
        .select()
        .from(limitAlert)
        .where(
          and(
            visibleRows(caller, "alerts.read", alertColumns),
            asked.limitId === undefined ? undefined : eq(limitAlert.limitId, asked.limitId),
            page.after,
          ),
        )
        .orderBy(...page.orderBy)
        .limit(page.limit);
      const alerts = rows.map(({ per, ...row }) => ({ ...row, window: per }) as AlertRecord);
      return page.cut(alerts, (row) => ({ value: row.at, id: row.id }));
    },
  };
}

type Row = typeof usageLimit.$inferSelect;

function toRecord({ subjectType, subjectId, per, ...row }: Row): LimitRecord {
  return { ...row, subject: { type: subjectType, id: subjectId }, window: per };
}

function toRow({ subject, window, ...limit }: LimitRecord): Row {
  return { ...limit, subjectType: subject.type, subjectId: subject.id, per: window };
}
