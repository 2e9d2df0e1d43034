// SQL that adds usage rows up by hour and day, and that deletes what was kept long enough. Rows stay in the database.

import type { Fragment, Sql } from "postgres";
import type { Database } from "../../store/database.ts";
import { bucketsPerDoubling } from "./histogram.ts";

/** "lock": another router is at it. */
export type StepResult = number | "lock";

export type RollupStore = {
  /** Adds at most `limit` rows to their roll-ups, oldest first, in one transaction. Gives how many there were. */
  rollUp(limit: number): Promise<StepResult>;
  /** Deletes at most `limit` rows of requests before `before` that are rolled up. Gives how many. */
  deleteRows(before: Date, limit: number): Promise<StepResult>;
  /** The same with roll-ups. */
  deleteRollups(before: Date, limit: number): Promise<StepResult>;
};

/** "auxot" in ASCII, and one more for each work that only one router does at a time. */
export const rollupLock = 418_514_333_557;
const retentionLock = 418_514_333_558;

export function createRollupStore({ sql }: Pick<Database, "sql">): RollupStore {
  /** `work` under a lock that ends with its transaction, so with its router too. */
  async function takeTurn(lock: number, work: (tx: Sql) => Promise<number>): Promise<StepResult> {
    return await sql.begin(async (tx) => {
      const [row] = await tx<{ mine: boolean }[]>`select pg_try_advisory_xact_lock(${lock}) as mine`;
      // Inside a transaction the same calls are there as outside.
      return row?.mine === true ? await work(tx as unknown as Sql) : ("lock" as const);
    });
  }

  return {
    rollUp: (limit) => takeTurn(rollupLock, (tx) => rollUp(tx, limit)),
    deleteRows: (before, limit) =>
      takeTurn(retentionLock, async (tx) => {
        const { count } = await tx`
          delete from usage_record where id = any(array(
            select r.id from usage_record r
            where r.at < ${before.toISOString()}
              and not exists (select from usage_pending p where p.record_id = r.id)
            order by r.at limit ${limit}
          ))`;
        return count;
      }),
    deleteRollups: (before, limit) =>
      takeTurn(retentionLock, async (tx) => {
        const { count } = await tx`
          delete from usage_rollup where ctid = any(array(
            select ctid from usage_rollup where grain in ('hour', 'day') and bucket < ${before.toISOString()} limit ${limit}
          ))`;
        return count;
      }),
  };
}

/** The bucket of a time in milliseconds, as `findBucket` gives it. */
export function bucketOf(sql: Sql, ms: Fragment): Fragment {
  return sql`ceil(${bucketsPerDoubling}::int * ln(greatest(${ms}, 1)::float8) / ln(2::float8))::int`;
}

/** What the rows of one roll-up have in common. */
export const likeColumns = "key_id, owner_id, team_id, model, tier, provider, dialect, outcome, tags";
/** What is added up of them, beside the histograms. */
export const sumColumns =
  "requests, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, " +
  "cost_micro_usd, saved_micro_usd, estimated, unpriced, cache_hits";
export const histogramColumns = "queue, first_token, total";

/** One usage row `r` as the sums of a roll-up over it alone. */
export function sumsOfRow(sql: Sql): Fragment {
  return sql`
    1::bigint as requests, r.input_tokens, r.output_tokens, r.cached_input_tokens, r.cache_write_tokens,
    r.reasoning_tokens, coalesce(r.cost_micro_usd, 0) as cost_micro_usd, coalesce(r.saved_micro_usd, 0) as saved_micro_usd,
    r.usage_estimated::int::bigint as estimated, (r.cost_micro_usd is null)::int::bigint as unpriced,
    (r.cached_input_tokens > 0)::int::bigint as cache_hits`;
}

async function rollUp(sql: Sql, limit: number): Promise<number> {
  const [row] = await sql<{ taken: number }[]>`
    with taken as (
      delete from usage_pending where record_id = any(array(select record_id from usage_pending limit ${limit}))
      returning record_id
    ),
    fresh as materialized (
      select g.grain, date_trunc(g.grain, r.at at time zone 'UTC') at time zone 'UTC' as bucket,
        encode(sha256(convert_to(jsonb_build_array(
          r.key_id, r.owner_id, r.team_id, r.model, r.tier, r.provider, r.dialect, r.outcome, r.tags)::text, 'UTF8')), 'hex')
          as likeness,
        r.key_id, r.owner_id, r.team_id, r.model, r.tier, r.provider, r.dialect, r.outcome, r.tags,
        ${sumsOfRow(sql)},
        ${bucketOf(sql, sql`r.queue_ms`)} as queue,
        case when r.first_token_ms is not null then ${bucketOf(sql, sql`r.first_token_ms`)} end as first_token,
        ${bucketOf(sql, sql`r.total_ms`)} as total
      from taken
        cross join lateral (select * from usage_record where id = taken.record_id offset 0) r
        cross join (values ('hour'), ('day')) g (grain)
    ),
    counted as (
      select grain, bucket, likeness, field, jsonb_object_agg(slot, n) as histogram
      from (
        select grain, bucket, likeness, field, slot, count(*) as n
        from fresh cross join lateral (values ('queue', queue), ('first_token', first_token), ('total', total)) h (field, slot)
        where slot is not null
        group by grain, bucket, likeness, field, slot
      ) slots
      group by grain, bucket, likeness, field
    ),
    summed as (
      select grain, bucket, likeness, ${sql.unsafe(each(likeColumns, (column) => `min(${column}) as ${column}`))},
        ${sql.unsafe(each(sumColumns, (column) => `sum(${column})::bigint as ${column}`))}
      from fresh group by grain, bucket, likeness
    ),
    merged as (
      insert into usage_rollup as kept (grain, bucket, likeness, ${sql.unsafe(`${likeColumns}, ${sumColumns}, ${histogramColumns}`)})
      select s.grain, s.bucket, s.likeness, ${sql.unsafe(each(`${likeColumns}, ${sumColumns}`, (column) => `s.${column}`))},
        ${sql.unsafe(each(histogramColumns, (column) => `coalesce(${column}.histogram, '{}')`))}
      from summed s
        ${sql.unsafe(histogramColumns.split(", ").map(joinCounted).join(" "))}
      on conflict (grain, bucket, likeness) do update set
        ${sql.unsafe(each(sumColumns, (column) => `${column} = kept.${column} + excluded.${column}`))},
        ${sql.unsafe(each(histogramColumns, (column) => `${column} = ${addHistograms(column)}`))}
    )
    select count(*)::int as taken from taken`;
  return row?.taken ?? 0;
}

function each(columns: string, write: (column: string) => string): string {
  return columns.split(", ").map(write).join(", ");
}

function joinCounted(column: string): string {
  return `left join counted ${column} on (${column}.grain, ${column}.bucket, ${column}.likeness, ${column}.field)
    = (s.grain, s.bucket, s.likeness, '${column}')`;
}

function addHistograms(column: string): string {
  return `(
    select coalesce(jsonb_object_agg(slot, n), '{}') from (
      select key as slot, sum(value::bigint) as n
      from (select * from jsonb_each_text(kept.${column}) union all select * from jsonb_each_text(excluded.${column})) both_of
      group by key
    ) added
  )`;
}
