// SQL of leases: what each router holds of each limit, so that together they never hold more than there is.

import type { Database } from "../store/database.ts";

/** One holder's state of one limit in one window, and what it would like. Amounts are absolute, so that a repeated call does no harm. */
export type LeaseAsk = {
  readonly limitId: string;
  /** Milliseconds since 1970. */
  readonly windowStartMs: number;
  readonly holderId: string;
  readonly leaseSeconds: number;
  /** Settled so far. */
  readonly spent: number;
  /** Of what was granted, spent included, what it has not given back. */
  readonly keep: number;
  /** What it needs beside that; 0: nothing. */
  readonly need: number;
};

export type LeaseAnswer = {
  readonly holderId: string;
  /** Spent included. Less than `keep` when the lease had expired. */
  readonly granted: number;
  /** What nobody holds now. */
  readonly open: number;
  /** Settled by all other holders, in this window. */
  readonly spentElsewhere: number;
};

export type LeaseStore = {
  /**
   * Writes down what was spent, renews, gives back and grants, all in one transaction. Of what is open a holder with a need
   * gets `1 / shares`, but at least what it needs as far as that is there. A limit that is gone has no answer.
   */
  sync(asks: readonly LeaseAsk[], shares: number): Promise<readonly LeaseAnswer[]>;
  /** Settled by all routers in the window. */
  readSpent(limitId: string, windowStartMs: number): Promise<number>;
  /** Ends every lease: for a router that is alone on its database. */
  endAll(): Promise<void>;
  /** Deletes up to `most` leases that expired before `before` and count for nothing any more. How many. */
  forget(before: Date, most: number): Promise<number>;
};

export function createLeaseStore({ sql: client }: Database): LeaseStore {
  return {
    async sync(asks, shares) {
      if (asks.length === 0) return [];
      const ids = [...new Set(asks.map(({ limitId }) => limitId))];
      const json = JSON.stringify(asks.map(toColumns));
      const rows = await client.begin(async (tx) => {
        // The lock comes in a statement of its own: the next one must see what the holder of the lock before wrote.
        await tx`select id from usage_limit where id = any(${ids}) order by id for no key update`;
        return tx<AnswerRow[]>`
          with asked as (
            select * from jsonb_to_recordset(${json}::text::jsonb) as a(
              limit_id text, window_start timestamptz, holder_id text, seconds int, spent bigint, keep bigint, need bigint)
          ), others as (
            select a.holder_id, coalesce(sum(o.spent), 0)::bigint as spent,
              coalesce(sum(case when o.expires_at > clock_timestamp() then greatest(o.granted, o.spent) else o.spent end), 0)::bigint as taken
            from asked a left join limit_lease o
              on o.limit_id = a.limit_id and o.window_start = a.window_start and o.holder_id <> a.holder_id
            group by a.holder_id
          ), known as (
            select a.*, l.amount, others.spent as spent_elsewhere, others.taken, greatest(
              a.spent, own.spent,
              case when own.expires_at > clock_timestamp() then least(a.keep, own.granted) else 0 end) as kept
            from asked a
            join usage_limit l on l.id = a.limit_id
            join others on others.holder_id = a.holder_id
            left join limit_lease own
              on own.limit_id = a.limit_id and own.window_start = a.window_start and own.holder_id = a.holder_id
          ), room as (
            select *, greatest(0, amount - taken - kept) as open from known
          ), granting as (
            select *, case when need > 0 then least(open, greatest(need, (open + ${shares} - 1) / ${shares})) else 0 end as more
            from room
          ), written as (
            insert into limit_lease (limit_id, window_start, holder_id, granted, spent, expires_at)
            select limit_id, window_start, holder_id, kept + more, spent, clock_timestamp() + make_interval(secs => seconds)
            from granting
            on conflict (limit_id, window_start, holder_id) do update set
              granted = excluded.granted,
              spent = greatest(limit_lease.spent, excluded.spent),
              expires_at = excluded.expires_at
          )
          select holder_id, (kept + more)::bigint as granted, (open - more)::bigint as open, spent_elsewhere from granting`;
      });
      return rows.map((row) => ({
        holderId: row.holder_id,
        granted: row.granted,
        open: row.open,
        spentElsewhere: row.spent_elsewhere,
      }));
    },
    async readSpent(limitId, windowStartMs) {
      const [row] = await client<{ spent: number }[]>`
        select coalesce(sum(spent), 0)::bigint as spent from limit_lease
        where limit_id = ${limitId} and window_start = ${new Date(windowStartMs).toISOString()}::timestamptz`;
      return row?.spent ?? 0;
    },
    async endAll() {
      await client`update limit_lease set expires_at = now() where expires_at > now()`;
    },
    async forget(before, most) {
      const { count } = await client`
        delete from limit_lease where ctid in (
          select ctid from limit_lease
          where expires_at < ${before.toISOString()}::timestamptz and (spent = 0 or window_start < ${before.toISOString()}::timestamptz - interval '70 days')
          limit ${most})`;
      return count;
    },
  };
}

type AnswerRow = {
  readonly holder_id: string;
  readonly granted: number;
  readonly open: number;
  readonly spent_elsewhere: number;
};

function toColumns(ask: LeaseAsk): Record<string, unknown> {
  return {
    limit_id: ask.limitId,
    window_start: new Date(ask.windowStartMs).toISOString(),
    holder_id: ask.holderId,
    seconds: ask.leaseSeconds,
    spent: ask.spent,
    keep: ask.keep,
    need: ask.need,
  };
}
