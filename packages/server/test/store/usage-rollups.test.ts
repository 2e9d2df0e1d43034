// The ledger: the sums of the rows, of the hours and of the days are the same, whoever writes and adds up, and however often.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findBucket } from "../../src/records/usage/histogram.ts";
import { createRollupStore } from "../../src/records/usage/rollup-store.ts";
import { createUsageStore, type UsageRow } from "../../src/records/usage/store.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { openTestDatabase } from "../harness/database.ts";
import { addUp, anyRow, type Sums } from "../harness/make-usage.ts";
import { quietLog } from "../harness/quiet-log.ts";

const sums = Object.keys(addUp([]));

async function readSums({ sql }: Database, grain: "hour" | "day"): Promise<Sums> {
  const columns = sums.map((name) => `coalesce(sum(${name}), 0)::float8 as ${name}`).join(", ");
  const [row] = await sql<Sums[]>`select ${sql.unsafe(columns)} from usage_rollup where grain = ${grain}`;
  return { ...row };
}

/** Each bucket of each group, in plain words. */
async function readGroups({ sql }: Database, grain: "hour" | "day"): Promise<string[]> {
  const rows = await sql`
    select extract(epoch from bucket)::float8 * 1000 as at, key_id, owner_id, team_id, model, tier, provider, dialect, outcome, tags,
      requests, total, first_token from usage_rollup where grain = ${grain}`;
  return rows.map((row) => describe({ ...row })).toSorted();
}

function expectGroups(rows: readonly UsageRow[], unitMs: number): string[] {
  const groups = new Map<string, UsageRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([Math.floor(row.at / unitMs) * unitMs, ...listLikeness(row)]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()]
    .map((group) => {
      const [row] = group;
      assert.ok(row);
      const [keyId, ownerId, teamId, model, tier, provider, dialect, outcome, tags] = listLikeness(row);
      return describe({
        at: Math.floor(row.at / unitMs) * unitMs,
        key_id: keyId,
        owner_id: ownerId,
        team_id: teamId,
        model,
        tier,
        provider,
        dialect,
        outcome,
        tags,
        requests: group.length,
        total: countBuckets(group.map(({ totalMs }) => totalMs)),
        first_token: countBuckets(group.flatMap(({ firstTokenMs }) => firstTokenMs ?? [])),
      });
    })
    .toSorted();
}

function describe(group: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(group).map(([name, value]) => [name, sort(value)]));
}

function sort(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.entries(value).toSorted(([a], [b]) => Number(a) - Number(b));
}

function listLikeness(row: UsageRow): unknown[] {
  const { keyId, ownerId = null, teamId = null, model = null, tier = null, provider = null } = row;
  return [keyId, ownerId, teamId, model, tier, provider, row.dialect, row.outcome, row.tags];
}

function countBuckets(times: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const ms of times) counts[findBucket(ms)] = (counts[findBucket(ms)] ?? 0) + 1;
  return counts;
}

test("rows, hours and days have the same sums, with late rows, several writers and routers, and rows sent twice", async () => {
  await using database = await openTestDatabase();
  const others = await Promise.all([1, 2].map(() => openDatabase(database.target, quietLog, { maxConnections: 3 })));
  const routers = [database, ...others].map((one) => ({ ...createUsageStore(one), ...createRollupStore(one) }));
  const at = (index: number) => routers[index % routers.length] ?? assert.fail();
  const batches = fc.array(fc.array(anyRow, { maxLength: 30 }), { minLength: 1, maxLength: 8 });
  const steps = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(batches, steps, async (written, limits) => {
      await database.sql`truncate usage_record, usage_pending, usage_rollup`;
      await Promise.all([
        ...written.map((rows, index) => at(index).insert(rows)),
        ...limits.map((limit, index) => at(index + 1).rollUp(limit)),
      ]);
      // A writer that lost its link after the commit sends its rows again.
      await Promise.all(written.map((rows, index) => at(index + 1).insert(rows)));
      for (const limit of limits) await at(limit).rollUp(limit);
      while (((await at(0).rollUp(1000)) || 0) !== 0);
      const rows = written.flat();
      assert.deepEqual(await readSums(database, "hour"), addUp(rows));
      assert.deepEqual(await readSums(database, "day"), addUp(rows));
      assert.deepEqual(await readGroups(database, "hour"), expectGroups(rows, 3_600_000));
      assert.deepEqual(await readGroups(database, "day"), expectGroups(rows, 86_400_000));
      assert.equal(await at(0).rollUp(1000), 0, "and nothing is left");
      assert.deepEqual(await readSums(database, "day"), addUp(rows));
    }),
    { numRuns: 25 },
  );
  await Promise.all(others.map((one) => one.close()));
});

test("a worker or model whose name no database keeps as it is loses no usage by it", async () => {
  await using database = await openTestDatabase();
  const [row] = fc.sample(anyRow, 1);
  assert.ok(row);
  const names = { keyName: "app\0", model: "m\0\ud800", provider: "gpu\0", worker: "rack\0" };
  await createUsageStore(database).insert([{ ...row, ...names }]);
  const stored = await database.sql`select key_name, model, provider, worker from usage_record`;
  assert.deepEqual({ ...stored[0] }, { key_name: "app", model: "m\ufffd", provider: "gpu", worker: "rack" });
});

test("a clock that was set while a request ran loses no usage", async () => {
  await using database = await openTestDatabase();
  const [row] = fc.sample(anyRow, 1);
  assert.ok(row);
  const times = { queueMs: -5, firstTokenMs: 1.4, totalMs: Date.UTC(2026, 0) };
  await createUsageStore(database).insert([{ ...row, ...times }]);
  const [stored] = await database.sql`select queue_ms, first_token_ms, total_ms from usage_record`;
  assert.deepEqual({ ...stored }, { queue_ms: 0, first_token_ms: 1, total_ms: 2 ** 31 - 1 });
  assert.equal(await createRollupStore(database).rollUp(10), 1);
});
