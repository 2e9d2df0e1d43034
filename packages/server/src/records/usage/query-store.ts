// SQL that answers questions about usage from roll-ups and the rows not in them yet, all in one snapshot.

import type { UsageDimension, UsageSums } from "@auxot/wire/operations/usage";
import type { Fragment, Sql } from "postgres";
import type { Database } from "../../store/database.ts";
import { bucketOf, histogramColumns, likeColumns, sumColumns, sumsOfRow } from "./rollup-store.ts";
import { createTakeTurn } from "../../platform/take-turns.ts";
import type { VisibleUsage } from "./visible-usage.ts";

export type UsageFilters = Partial<Readonly<Record<UsageDimension, readonly string[] | undefined>>>;

export type UsageScope = {
  /** Beginnings of whole units of UTC; `to` is not included. */
  readonly from: Date;
  readonly to: Date;
  readonly unit: "hour" | "day" | "month";
  readonly filters: UsageFilters;
  readonly visible: VisibleUsage;
};

export type AskedGroups = {
  readonly by: readonly UsageDimension[];
  readonly sort: keyof UsageSums;
  readonly limit: number;
  readonly offset: number;
};

/** One value a dimension asked for; null: without. */
export type GroupKey = readonly (string | null)[];

export type TimesField = "queue" | "first_token" | "total";
/** How many requests fell into a bucket of a field's histogram. */
export type SlotRow = { readonly field: TimesField; readonly slot: number; readonly n: number };

export type UsageReader = {
  /** Ascending. */
  readSeries(): Promise<readonly (UsageSums & { readonly at: Date })[]>;
  readTimes(): Promise<readonly SlotRow[]>;
  /** The largest first. */
  readGroups(asked: AskedGroups): Promise<readonly (UsageSums & { readonly key: GroupKey })[]>;
  /** Of the groups given, by their place in the list. */
  readGroupSeries(
    by: readonly UsageDimension[],
    keys: readonly GroupKey[],
  ): Promise<readonly (UsageSums & { readonly place: number; readonly at: Date })[]>;
  readGroupTimes(
    by: readonly UsageDimension[],
    keys: readonly GroupKey[],
  ): Promise<readonly (SlotRow & { readonly place: number })[]>;
};

export type UsageQueryStore = {
  /**
   * Everything `work` reads is of one moment. A question that takes too long fails with SQLSTATE 57014; too many at once
   * are refused with `no_capacity`.
   */
  read<Result>(scope: UsageScope, work: (reader: UsageReader) => Promise<Result>): Promise<Result>;
};

const longestMs = 20_000;
/** Of the ten connections a router has. */
const atOnce = {
  maxRunning: 3,
  maxWaiting: 20,
  refusal: "Too many questions about usage are being answered. Ask again in a moment.",
};

const columnOf: Readonly<Record<UsageDimension, string>> = {
  model: "model",
  tier: "tier",
  provider: "provider",
  team: "team_id",
  owner: "owner_id",
  key: "key_id",
  tag: "tag",
  dialect: "dialect",
  outcome: "outcome",
};

/** Names of the API for what the sums are made of. */
const sumExpressions: Readonly<Record<keyof UsageSums, string>> = {
  requests: "requests",
  failedRequests: "case when outcome = 'error' then requests else 0 end",
  cancelledRequests: "case when outcome = 'cancelled' then requests else 0 end",
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  cachedInputTokens: "cached_input_tokens",
  cacheWriteTokens: "cache_write_tokens",
  reasoningTokens: "reasoning_tokens",
  costMicroUsd: "cost_micro_usd",
  savedMicroUsd: "saved_micro_usd",
  estimatedRequests: "estimated",
  unpricedRequests: "unpriced",
  cacheHits: "cache_hits",
};
const sums = Object.entries(sumExpressions)
  .map(([name, expression]) => `coalesce(sum(${expression}), 0)::bigint as "${name}"`)
  .join(", ");

type Row = UsageSums & {
  readonly at: string;
  readonly g1: string | null;
  readonly g2: string | null;
  readonly place: number;
};

export function createUsageQueryStore({ sql }: Pick<Database, "sql">): UsageQueryStore {
  const takeTurn = createTakeTurn(atOnce);
  return {
    async read<Result>(scope: UsageScope, work: (reader: UsageReader) => Promise<Result>) {
      const result = await takeTurn(() =>
        sql.begin("isolation level repeatable read read only", async (tx) => {
          await tx.unsafe(`set local statement_timeout = ${longestMs}`);
          // Inside a transaction the same calls are there as outside.
          return { value: await work(createReader(tx as unknown as Sql, scope)) };
        }),
      );
      return result.value;
    },
  };
}

function createReader(sql: Sql, scope: UsageScope): UsageReader {
  const facts = writeFacts(sql, scope);
  const slots = sql`
    cross join lateral (values ('queue', queue), ('first_token', first_token), ('total', total)) h (field, counts)
    cross join lateral jsonb_each_text(h.counts) s (slot, n)`;
  const slotColumns = sql`h.field, s.slot::int as slot, sum(s.n::bigint)::bigint as n`;

  /** `f` with the group's columns g1 and g2. Requests with several tags are in the groups of all of them. */
  function withGroups(by: readonly UsageDimension[]): Fragment {
    const [g1, g2] = by.map((dimension) => sql.unsafe(columnOf[dimension]));
    const tags = by.includes("tag") ? sql`left join lateral unnest(f.tags) tag on true` : sql``;
    return sql`(select f.*, ${g1 ?? sql`null::text`} as g1, ${g2 ?? sql`null::text`} as g2 from (${facts}) f ${tags}) f`;
  }

  function pick(keys: readonly GroupKey[]): Fragment {
    const [first, second] = [0, 1].map((at) => keys.map((key) => key[at] ?? null));
    return sql`
      join unnest(${first ?? []}::text[], ${second ?? []}::text[]) with ordinality as picked (p1, p2, place)
        on f.g1 is not distinct from picked.p1 and f.g2 is not distinct from picked.p2`;
  }

  return {
    async readSeries() {
      const rows = await sql<Row[]>`select f.at, ${sql.unsafe(sums)} from (${facts}) f group by f.at order by f.at`;
      return rows.map((row) => ({ ...row, at: new Date(row.at) }));
    },
    readTimes: () => sql<SlotRow[]>`select ${slotColumns} from (${facts}) f ${slots} group by h.field, s.slot`,
    async readGroups({ by, sort, limit, offset }) {
      const rows = await sql<Row[]>`
        select f.g1, f.g2, ${sql.unsafe(sums)} from ${withGroups(by)} group by f.g1, f.g2
        order by ${sql(sort)} desc, f.g1 nulls last, f.g2 nulls last limit ${limit} offset ${offset}`;
      return rows.map(({ g1, g2, ...row }) => ({ ...row, key: by.length === 1 ? [g1] : [g1, g2] }));
    },
    async readGroupSeries(by, keys) {
      const rows = await sql<Row[]>`
        select picked.place, f.at, ${sql.unsafe(sums)} from ${withGroups(by)} ${pick(keys)}
        group by picked.place, f.at order by picked.place, f.at`;
      return rows.map((row) => ({ ...row, place: row.place - 1, at: new Date(row.at) }));
    },
    async readGroupTimes(by, keys) {
      const rows = await sql<(SlotRow & { readonly place: number })[]>`
        select picked.place, ${slotColumns} from ${withGroups(by)} ${pick(keys)} ${slots}
        group by picked.place, h.field, s.slot`;
      return rows.map((row) => ({ ...row, place: row.place - 1 }));
    },
  };
}

/** Roll-ups that fit, and each row not in them as a roll-up of its own. */
function writeFacts(sql: Sql, { from, to, unit, filters, visible }: UsageScope): Fragment {
  const [first, last] = [from.toISOString(), to.toISOString()];
  const like = sql.unsafe(likeColumns.replaceAll(/\w+/g, "r.$&"));
  const fits = sql`${writeVisible(sql, visible)} ${writeFilters(sql, filters)}`;
  const grain = unit === "hour" ? "hour" : "day";
  const begin = (moment: Fragment) => sql`date_trunc(${unit}, ${moment} at time zone 'UTC') at time zone 'UTC'`;
  // What the fence (offset 0) keeps apart: rows by their ids out of the short list, never a search through all of them.
  return sql`
    select ${begin(sql`r.bucket`)} as at, ${like}, ${sql.unsafe(`${sumColumns}, ${histogramColumns}`)}
    from usage_rollup r
    where r.grain = ${grain} and r.bucket >= ${first} and r.bucket < ${last} and ${fits}
    union all
    select ${begin(sql`r.at`)}, ${like}, ${sumsOfRow(sql)},
      jsonb_build_object(${bucketOf(sql, sql`r.queue_ms`)}, 1),
      case when r.first_token_ms is null then '{}' else jsonb_build_object(${bucketOf(sql, sql`r.first_token_ms`)}, 1) end,
      jsonb_build_object(${bucketOf(sql, sql`r.total_ms`)}, 1)
    from usage_pending p cross join lateral (select * from usage_record where id = p.record_id offset 0) r
    where r.at >= ${first} and r.at < ${last} and ${fits}`;
}

function writeVisible(sql: Sql, visible: VisibleUsage): Fragment {
  if (visible === "all") return sql`true`;
  return sql`(r.owner_id = ${visible.ownerId} or r.team_id = any(${[...visible.teamIds]}::text[]))`;
}

function writeFilters(sql: Sql, filters: UsageFilters): Fragment {
  const conditions = Object.entries(filters).flatMap(([dimension, values]) => {
    if (values === undefined) return [];
    const asked = [...values];
    if (dimension === "tag") return [sql`and r.tags && ${asked}::text[]`];
    return [sql`and ${sql.unsafe(`r.${columnOf[dimension as UsageDimension]}`)} = any(${asked}::text[])`];
  });
  return conditions.reduce<Fragment>((all, one) => sql`${all} ${one}`, sql``);
}
