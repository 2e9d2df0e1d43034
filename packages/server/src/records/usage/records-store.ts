// SQL that lists the record of each request, page by page, by indexes whoever asks.

import type { SQL } from "drizzle-orm";
import type { UsageRecordQuestion, UsageRecordView } from "@auxot/wire/operations/usage";
import { planPage } from "../../operations/store.ts";
import type { Executor } from "../../store/database.ts";
import { and, eq, inArray, sql } from "../../store/drizzle.ts";
import { usageRecord } from "../../store/tables/usage.ts";
import type { VisibleUsage } from "./visible-usage.ts";

export type RecordPage = { readonly items: readonly UsageRecordView[]; readonly nextCursor: string | null };

/** `limit` may be any number: exports read larger pages. */
export type ListUsageRecords = (tx: Executor, asked: UsageRecordQuestion, visible: VisibleUsage) => Promise<RecordPage>;

type Columns = Omit<UsageRecordView, "at"> & { readonly at: string };

const { at, id } = usageRecord;

export const listUsageRecords: ListUsageRecords = async (tx, asked, visible) => {
  const { from, to, sort, limit, cursor } = asked;
  const page = planPage({ sort, limit, cursor }, { at }, id);
  const fits = and(
    from === undefined ? undefined : sql`${at} >= ${new Date(from).toISOString()}`,
    to === undefined ? undefined : sql`${at} < ${new Date(to).toISOString()}`,
    ...listConditions(asked),
    page.after,
  );
  // Each way of seeing rows has an index in this order; one question with "or" would have none.
  const ways = listWays(visible).map(
    (way) => sql`(
      select ${selected} from ${usageRecord} where ${and(way, fits) ?? sql`true`}
      order by ${page.orderBy[0]}, ${page.orderBy[1]} limit ${page.limit})`,
  );
  const direction = sort.startsWith("-") ? sql`desc` : sql`asc`;
  const rows = await tx.execute<Columns>(
    sql`select * from (${sql.join(ways, sql` union all `)}) ways order by at ${direction}, id ${direction} limit ${page.limit}`,
  );
  const records = rows.map((row): UsageRecordView => ({ ...row, at: new Date(row.at).toISOString() }));
  const cut = page.cut(records, (row) => ({ value: new Date(row.at), id: row.id }));
  return { items: cut.rows, nextCursor: cut.nextCursor };
};

function listWays(visible: VisibleUsage): readonly (SQL | undefined)[] {
  if (visible === "all") return [undefined];
  const { ownerId, teamIds } = visible;
  const isOthers = ownerId === null ? undefined : sql`${usageRecord.ownerId} is distinct from ${ownerId}`;
  const own = ownerId === null ? [] : [eq(usageRecord.ownerId, ownerId)];
  const ways = [...own, ...teamIds.map((team) => and(eq(usageRecord.teamId, team), isOthers))];
  return ways.length === 0 ? [sql`false`] : ways;
}

function listConditions(asked: UsageRecordQuestion): readonly (SQL | undefined)[] {
  const columns = {
    model: usageRecord.model,
    tier: usageRecord.tier,
    provider: usageRecord.provider,
    team: usageRecord.teamId,
    owner: usageRecord.ownerId,
    key: usageRecord.keyId,
    dialect: usageRecord.dialect,
    outcome: usageRecord.outcome,
    client: usageRecord.client,
    errorCode: usageRecord.errorCode,
  } as const;
  const names = Object.keys(columns) as (keyof typeof columns)[];
  const tags =
    asked.tag === undefined ? undefined : sql`${usageRecord.tags} && ${sql.param(asked.tag, usageRecord.tags)}`;
  return [
    ...names.map((name) => {
      const values = asked[name];
      const [only] = values ?? [];
      if (values === undefined || only === undefined) return undefined;
      // One value keeps the order of an index.
      return values.length === 1 ? sql`${columns[name]} = ${only}` : inArray(columns[name], values);
    }),
    tags,
  ];
}

const selected = sql.join(
  (
    [
      [id, "id"],
      [at, "at"],
      [usageRecord.keyId, "keyId"],
      [usageRecord.keyName, "keyName"],
      [usageRecord.ownerId, "ownerId"],
      [usageRecord.teamId, "teamId"],
      [usageRecord.dialect, "dialect"],
      [usageRecord.stream, "stream"],
      [usageRecord.requestedModel, "requestedModel"],
      [usageRecord.model, "model"],
      [usageRecord.tier, "tier"],
      [usageRecord.provider, "provider"],
      [usageRecord.worker, "worker"],
      [usageRecord.tries, "tries"],
      [usageRecord.inputTokens, "inputTokens"],
      [usageRecord.outputTokens, "outputTokens"],
      [usageRecord.cachedInputTokens, "cachedInputTokens"],
      [usageRecord.cacheWriteTokens, "cacheWriteTokens"],
      [usageRecord.reasoningTokens, "reasoningTokens"],
      [usageRecord.usageEstimated, "usageEstimated"],
      [usageRecord.costMicroUsd, "costMicroUsd"],
      [usageRecord.savedMicroUsd, "savedMicroUsd"],
      [usageRecord.queueMs, "queueMs"],
      [usageRecord.firstTokenMs, "firstTokenMs"],
      [usageRecord.totalMs, "totalMs"],
      [usageRecord.outcome, "outcome"],
      [usageRecord.errorCode, "errorCode"],
      [usageRecord.status, "status"],
      [usageRecord.tags, "tags"],
      [usageRecord.client, "client"],
    ] as const
  ).map(([column, name]) => sql`${column} as ${sql.identifier(name)}`),
  sql`, `,
);
