// How long usage is kept, and that neither adding up nor deleting stands in anybody's way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/platform/log.ts";
import { createRollupStore, rollupLock, type RollupStore } from "../../src/records/usage/rollup-store.ts";
import { createUsageStore, type UsageRow } from "../../src/records/usage/store.ts";
import { createUsageTender, type UsageTenderDeps } from "../../src/records/usage/tend.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { noUsage } from "@auxot/wire/usage";
import { openTestDatabase } from "../harness/database.ts";
import { quietLog as log } from "../harness/quiet-log.ts";

const now = Date.UTC(2026, 5, 15, 12);
const dayMs = 86_400_000;

function row(id: string, at: number): UsageRow {
  return {
    id,
    at,
    keyId: "key_1",
    keyName: "app",
    dialect: "openai-chat",
    stream: false,
    requestedModel: "m",
    tries: 1,
    usage: noUsage,
    queueMs: 0,
    totalMs: 1,
    outcome: "ok",
    status: 200,
    tags: [],
  };
}

function createTender(store: RollupStore, more: Partial<UsageTenderDeps> = {}) {
  return createUsageTender({
    store,
    retention: { recordDays: 30, rollupMonths: 3 },
    clock: { now: () => now },
    log,
    everyMs: 60_000,
    pauseMs: 0,
    ...more,
  });
}

/** One request an hour for the `count` hours before `now`, written as the router does, many at once. */
async function fill({ sql }: Database, count: number): Promise<void> {
  await sql`
    with added as (
      insert into usage_record (id, at, key_id, key_name, dialect, stream, requested_model, tries, input_tokens,
        output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, usage_estimated, cost_micro_usd,
        queue_ms, total_ms, outcome, status)
      select 'req_' || n, ${new Date(now).toISOString()}::timestamptz - n * interval '1 hour' / 10, 'key_' || n % 5, 'app',
        'openai-chat', false, 'm', 1, n % 100, 3, 0, 0, 0, false, n % 7, 1, n % 1000, 'ok', 200
      from generate_series(1, ${count}::int) n
      returning id
    )
    insert into usage_pending (record_id) select id from added`;
}

async function count({ sql }: Database, table: string): Promise<number> {
  const [found] = await sql<{ count: number }[]>`select count(*) as count from ${sql(table)}`;
  return found?.count ?? -1;
}

test("rows go after their days and sums after their months, and sums stay when their rows are gone", async () => {
  await using database = await openTestDatabase();
  const rows = createUsageStore(database);
  const kept = [row("new", now), row("just", now - 30 * dayMs + 1000)];
  await rows.insert([...kept, row("old", now - 30 * dayMs - 1000), row("older", Date.UTC(2026, 2, 14, 23))]);
  const tender = createTender(createRollupStore(database));
  await tender.tend();
  await tender.close();
  const left = await database.sql`select id from usage_record order by id`;
  assert.deepEqual(
    left.map(({ id }) => String(id)),
    ["just", "new"],
  );
  const days = await database.sql`select bucket::text from usage_rollup where grain = 'day' order by bucket`;
  assert.equal(days.length, 2, "14 March is gone; the day 30 days ago, whose row is gone in part, is not");
});

test("a row is not deleted before it is added up", async () => {
  await using database = await openTestDatabase();
  const store = createRollupStore(database);
  await createUsageStore(database).insert([row("late", now - 400 * dayMs)]);
  assert.equal(await store.deleteRows(new Date(now), 100), 0);
  assert.equal(await store.rollUp(100), 1);
  assert.equal(await store.deleteRows(new Date(now), 100), 1);
});

test("20,000 rows are added up and deleted in bounded steps, while a writer that waits for nobody goes on", async () => {
  await using database = await openTestDatabase();
  await fill(database, 20_000);
  const store = createRollupStore(database);
  const steps: number[] = [];
  const note = async (work: Promise<number | "lock">): Promise<number | "lock"> => {
    const done = await work;
    steps.push(Number(done));
    return done;
  };
  const tender = createTender(
    {
      rollUp: (limit) => note(store.rollUp(limit)),
      deleteRows: (before, limit) => note(store.deleteRows(before, limit)),
      deleteRollups: (before, limit) => note(store.deleteRollups(before, limit)),
    },
    { stepRows: 1500 },
  );
  const link = await openDatabase(database.target, log, { maxConnections: 1 });
  // A lock that it had to wait for would be an error.
  await link.sql`set lock_timeout = '500ms'`;
  const writer = createUsageStore(link);
  const over = new AbortController();
  let written = 0;
  async function write(): Promise<void> {
    while (!over.signal.aborted) await writer.insert([row(`new_${written++}`, now)]);
  }
  const writing = write();
  await tender.tend();
  over.abort();
  await writing;
  await link.close();
  await tender.tend();
  await tender.close();
  assert.ok(written > 20, `${written} rows were written meanwhile`);
  assert.ok(Math.max(...steps) <= 1500);
  // Ten an hour: 7,200 of the last 30 days are left.
  assert.equal(await count(database, "usage_record"), 7200 + written);
  assert.equal(await count(database, "usage_pending"), 0);
  const [sum] = await database.sql`select sum(requests)::int as requests from usage_rollup where grain = 'day'`;
  assert.equal(sum?.["requests"], 20_000 + written, "83 days: all within three months");
});

test("of two routers one adds up and the other leaves it to that one", async () => {
  await using database = await openTestDatabase();
  const store = createRollupStore(database);
  await fill(database, 10);
  const other = await database.sql.reserve();
  await other`select pg_advisory_lock(${rollupLock})`;
  assert.equal(await store.rollUp(5), "lock");
  await other`select pg_advisory_unlock(${rollupLock})`;
  other.release();
  assert.equal(await store.rollUp(5), 5);
});

test("while the database is away it is tried again, and told once", async () => {
  const lines: string[] = [];
  const enough = Promise.withResolvers<void>();
  let tries = 0;
  const away: RollupStore["rollUp"] = () => {
    if (++tries === 4) enough.resolve();
    return Promise.reject(new Error("connect ECONNREFUSED"));
  };
  const tender = createTender(
    { rollUp: away, deleteRows: () => away(0), deleteRollups: () => away(0) },
    { everyMs: 1, log: createLog("info", (line) => void lines.push(line)) },
  );
  const awake = setInterval(() => {}, 1000);
  await enough.promise;
  clearInterval(awake);
  await tender.close();
  assert.equal(lines.filter((line) => line.includes("Cannot add up usage")).length, 1);
});
