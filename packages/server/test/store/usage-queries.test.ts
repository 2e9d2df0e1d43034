// Questions about usage: sums, groups, pages, who sees what, and that no search through all rows is needed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { orgRoles, teamRoles } from "@auxot/wire/access";
import {
  listUsageRecords as listOperation,
  queryUsage,
  type UsageDimension,
  type UsageSums,
} from "@auxot/wire/operations/usage";
import fc from "fast-check";
import { may } from "../../src/platform/access/may.ts";
import type { Caller } from "../../src/platform/caller.ts";
import { createExportUsage } from "../../src/records/usage/export.ts";
import { createUsageOperations } from "../../src/records/usage/operations.ts";
import { createUsageQueryStore } from "../../src/records/usage/query-store.ts";
import { listUsageRecords } from "../../src/records/usage/records-store.ts";
import { createRollupStore } from "../../src/records/usage/rollup-store.ts";
import { createUsageStore, type UsageRow } from "../../src/records/usage/store.ts";
import { openDatabase } from "../../src/store/database.ts";
import { openTestDatabase, type TestDatabase } from "../harness/database.ts";
import { addUp, anyRow } from "../harness/make-usage.ts";
import { createTestOperations, orgOwner } from "../harness/operations.ts";
import { quietLog } from "../harness/quiet-log.ts";

const range = { from: "2026-01-30T00:00:00Z", to: "2026-02-02T00:00:00Z" };

async function setUp(rows: readonly UsageRow[] = [], rolledUp = 0) {
  const database = await openTestDatabase();
  const store = createUsageQueryStore(database);
  const operations = createTestOperations(database, createUsageOperations({ store, list: listUsageRecords }));
  const rollups = createRollupStore(database);
  async function write(made: readonly UsageRow[], toRollUp: number): Promise<void> {
    await database.sql`truncate usage_record, usage_pending, usage_rollup`;
    await createUsageStore(database).insert(made);
    if (toRollUp > 0) await rollups.rollUp(toRollUp);
  }
  await write(rows, rolledUp);
  return { ...operations, database, write, [Symbol.asyncDispose]: () => database.close() };
}

function sample(count: number, seed: number): readonly UsageRow[] {
  return fc.sample(anyRow, { numRuns: count, seed });
}

function expectSums(rows: readonly UsageRow[]): UsageSums {
  const sums = addUp(rows);
  const read = (name: string): number => sums[name] ?? Number.NaN;
  return {
    requests: rows.length,
    failedRequests: rows.filter(({ outcome }) => outcome === "error").length,
    cancelledRequests: rows.filter(({ outcome }) => outcome === "cancelled").length,
    inputTokens: read("input_tokens"),
    outputTokens: read("output_tokens"),
    cachedInputTokens: read("cached_input_tokens"),
    cacheWriteTokens: read("cache_write_tokens"),
    reasoningTokens: read("reasoning_tokens"),
    costMicroUsd: read("cost_micro_usd"),
    savedMicroUsd: read("saved_micro_usd"),
    estimatedRequests: read("estimated"),
    unpricedRequests: read("unpriced"),
    cacheHits: read("cache_hits"),
  };
}

function valuesOf(row: UsageRow, dimension: UsageDimension): readonly (string | null)[] {
  const one = {
    model: row.model,
    tier: row.tier,
    provider: row.provider,
    team: row.teamId,
    owner: row.ownerId,
    key: row.keyId,
    dialect: row.dialect,
    outcome: row.outcome,
  };
  if (dimension !== "tag") return [one[dimension] ?? null];
  return row.tags.length === 0 ? [null] : row.tags;
}

test("sums are the same from rows, from roll-ups, and from some of each, by hour, day and month", async () => {
  await using house = await setUp();
  const rows = fc.array(anyRow, { maxLength: 40 });
  const unit = fc.constantFrom("hour", "day", "month");
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 0, max: 50 }), unit, async (made, rolledUp, bucket) => {
      await house.write(made, rolledUp);
      const answer = await house.run(queryUsage, { ...range, bucket });
      const { queueMs: _, firstTokenMs: __, totalMs: ___, ...sums } = answer.totals;
      assert.deepEqual(sums, expectSums(made));
      const length = { hour: 13, day: 10, month: 7 }[bucket];
      const begins = (iso: string) => iso.slice(0, length);
      assert.deepEqual(
        answer.series.map(({ at, requests }) => [begins(at), requests]),
        Object.entries(Object.groupBy(made, ({ at }) => begins(new Date(at).toISOString())))
          .map(([at, group]) => [at, group?.length])
          .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      );
    }),
    { numRuns: 30 },
  );
});

test("groups are those of the rows, for any two things and any filter, the largest first, page by page", async () => {
  const made = sample(150, 7);
  await using house = await setUp(made, 90);
  const dimensions: readonly UsageDimension[] = [
    "model",
    "tier",
    "provider",
    "team",
    "owner",
    "key",
    "tag",
    "dialect",
    "outcome",
  ];
  const pairs = dimensions.flatMap((first, at) => [
    [first],
    ...dimensions.slice(at + 1).map((second) => [first, second]),
  ]);
  for (const by of pairs) {
    const expected = new Map<string, UsageRow[]>();
    for (const row of made.filter(({ outcome }) => outcome !== "error")) {
      const [first = "model", second] = by;
      for (const a of valuesOf(row, first)) {
        for (const b of second === undefined ? [undefined] : valuesOf(row, second)) {
          const key = JSON.stringify(second === undefined ? { [first]: a } : { [first]: a, [second]: b });
          expected.set(key, [...(expected.get(key) ?? []), row]);
        }
      }
    }
    const seen = new Map<string, number>();
    let cursor: string | null = null;
    let last = Number.POSITIVE_INFINITY;
    do {
      const page: Awaited<ReturnType<typeof ask>> = await ask(by, cursor);
      for (const group of page.groups) {
        const key = JSON.stringify(group.group);
        assert.equal(group.costMicroUsd, expectSums(expected.get(key) ?? []).costMicroUsd, `${by.join()} ${key}`);
        assert.equal(
          group.series.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0),
          group.costMicroUsd,
        );
        assert.ok(group.costMicroUsd <= last);
        last = group.costMicroUsd;
        seen.set(key, group.requests);
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(
      Object.fromEntries(seen),
      Object.fromEntries([...expected].map(([key, group]) => [key, group.length])),
      by.join(),
    );
  }

  function ask(by: readonly string[], cursor: string | null) {
    const page = cursor === null ? {} : { cursor };
    return house.run(queryUsage, { ...range, groupBy: by.join(","), outcome: "ok,cancelled", limit: "7", ...page });
  }
});

test("every filter leaves what it should, in sums and in the list", async () => {
  const made = sample(80, 11);
  await using house = await setUp(made, 40);
  for (const [filters, fits] of [
    [{ model: "m1" }, (row) => row.model === "m1"],
    [{ tier: "gpu,cloud", provider: "openai" }, (row) => row.provider === "openai"],
    [{ tag: "x" }, (row) => row.tags.includes("x")],
    [{ tag: "env=prod,x", key: "key_1" }, (row) => row.tags.length > 0 && row.keyId === "key_1"],
    [{ owner: "usr_a", team: "tem_1,tem_2" }, (row) => row.ownerId === "usr_a" && row.teamId !== undefined],
    [
      { dialect: "anthropic-messages", outcome: "ok" },
      (row) => row.dialect === "anthropic-messages" && row.outcome === "ok",
    ],
    [{ model: "'; drop table usage_record; --" }, () => false],
  ] as const satisfies readonly (readonly [object, (row: UsageRow) => boolean])[]) {
    const expected = made.filter((row) => fits(row));
    const answer = await house.run(queryUsage, { ...range, ...filters });
    assert.partialDeepStrictEqual(answer.totals, expectSums(expected), JSON.stringify(filters));
    const page = await house.run(listOperation, { ...filters, limit: 200 });
    assert.deepEqual(
      page.items.map(({ id }) => id).toSorted(),
      expected.map(({ id }) => id).toSorted(),
      JSON.stringify(filters),
    );
  }
});

test("percentiles are those of the times, from roll-ups and rows together", async () => {
  const [one] = sample(1, 3);
  assert.ok(one);
  const made = Array.from({ length: 100 }, (_, i) => ({
    ...one,
    id: `t${i}`,
    totalMs: (i + 1) * 10,
    firstTokenMs: 500,
  }));
  await using house = await setUp(made, 60);
  const { totals, groups } = await house.run(queryUsage, { ...range, groupBy: "key" });
  for (const [found, exact] of [
    [totals.totalMs.p50, 500],
    [totals.totalMs.p95, 950],
    [totals.totalMs.p99, 990],
    [groups[0]?.totalMs.p90, 900],
    [totals.firstTokenMs.p50, 500],
  ] as const) {
    assert.ok(Math.abs(Number(found) - exact) <= exact * 0.045 + 0.5, `${found} for ${exact}`);
  }
  await house.write([], 0);
  assert.equal((await house.run(queryUsage, range)).totals.totalMs.p50, null);
});

test("the time asked for is widened to whole hours, days or months, and said", async () => {
  await using house = await setUp();
  const asked = { from: "2026-01-30T10:30:00+02:00", to: "2026-02-01T00:00:00Z" };
  for (const [bucket, from, to] of [
    ["hour", "2026-01-30T08:00:00.000Z", "2026-02-01T00:00:00.000Z"],
    ["day", "2026-01-30T00:00:00.000Z", "2026-02-01T00:00:00.000Z"],
    ["month", "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"],
  ] as const) {
    assert.partialDeepStrictEqual(await house.run(queryUsage, { ...asked, bucket }), { from, to, bucket });
  }
  const { from, to } = await house.run(queryUsage, {});
  assert.equal((Date.parse(to) - Date.parse(from)) / 86_400_000, 31, "30 days and what there is of today");
});

test("questions that cannot be are refused with the field", async () => {
  await using house = await setUp();
  for (const [input, problem] of [
    [{ from: "yesterday" }, /from/],
    [{ from: range.to, to: range.from }, /from: must be earlier than to/],
    [{ groupBy: "model,tier,key" }, /groupBy: must be two of them at most/],
    [{ groupBy: "colour" }, /groupBy/],
    [{ bucket: "week" }, /bucket/],
    [{ from: "2020-01-01T00:00:00Z", bucket: "hour", groupBy: "model" }, /too much at once/],
    [{ cursor: "nonsense" }, /cursor: is none of this answer/],
    [{ limit: 0 }, /limit/],
    [{ sort: "price" }, /sort/],
    [{ agent: "a" }, /agent/],
  ] as const) {
    await assert.rejects(house.run(queryUsage, input), { code: "invalid_request", message: problem });
  }
  await assert.rejects(house.run(listOperation, { cursor: "nonsense" }), { code: "invalid_request" });
});

const people = ["usr_a", "usr_b", "svc_c", "tem_1"];
const anyCaller: fc.Arbitrary<Caller> = fc.record({
  kind: fc.constant("caller"),
  keyId: fc.constant("key_1"),
  name: fc.constant("somebody"),
  principal: fc.constantFrom(...people.map((id) => ({ type: id === "tem_1" ? "team" : "user", id }) as const)),
  orgRole: fc.constantFrom(null, ...orgRoles),
  teams: fc.uniqueArray(
    fc.record({ id: fc.constantFrom("tem_1", "tem_2"), name: fc.constant("T"), role: fc.constantFrom(...teamRoles) }),
    { selector: ({ id }) => id },
  ),
  roles: fc.constant([]),
  scopes: fc.constant(null),
  models: fc.constant(null),
});

test("nobody sees usage in sums, lists or exports that they may not, and everybody sees all that they may", async () => {
  const made = sample(60, 5);
  await using house = await setUp(made, 30);
  const exportUsage = createExportUsage({ db: house.database.db, list: listUsageRecords });
  await fc.assert(
    fc.asyncProperty(anyCaller, async (caller) => {
      const expected = made.filter(
        ({ id, ownerId = null, teamId = null }) =>
          may(caller, "usage.read", { kind: "usage", id, ownerId, teamId }).allowed,
      );
      const answer = await house.run(queryUsage, range, { caller });
      assert.partialDeepStrictEqual(answer.totals, expectSums(expected));
      const ids: string[] = [];
      let cursor: string | null = null;
      do {
        const asked: object = cursor === null ? { limit: 9 } : { limit: 9, cursor };
        const page: { items: { id: string }[]; nextCursor: string | null } = await house.run(listOperation, asked, {
          caller,
        });
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      assert.deepEqual(ids.toSorted(), expected.map(({ id }) => id).toSorted());
    }),
    { numRuns: 40 },
  );
  const pieces: string[] = [];
  const asked = listOperation.input.parse({ sort: "at" });
  for await (const piece of exportUsage(asked, "json", { ownerId: "usr_a", teamIds: [] })) pieces.push(piece);
  const exported = JSON.parse(pieces.join("")) as readonly { readonly id: string; readonly at: string }[];
  assert.equal(exported.length, made.filter(({ ownerId }) => ownerId === "usr_a").length);
  assert.deepEqual(
    exported,
    exported.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)),
  );
});

/** 40,000 rows of 400 days, all but the newest 50 in roll-ups. */
async function fillYear(database: TestDatabase): Promise<void> {
  await database.sql`
    insert into usage_record (id, at, key_id, key_name, owner_id, team_id, dialect, stream, requested_model, tries,
      input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, usage_estimated, cost_micro_usd,
      queue_ms, total_ms, outcome, status)
    select 'req_' || n, now() - n * interval '1 day' / 100, 'key_' || n % 50, 'app', 'usr_' || n % 50, 'tem_' || n % 10,
      'openai-chat', false, 'm', 1, n, 3, 0, 0, 0, false, n, 1, n, 'ok', 200
    from generate_series(1, 40000) n`;
  await database.sql`insert into usage_pending select id from usage_record`;
  const rollups = createRollupStore(database);
  while ((await rollups.rollUp(10_000)) !== 0);
  await database.sql`insert into usage_pending select 'req_' || n from generate_series(1, 50) n`;
  await database.sql`analyze`;
}

test("no question about a month, and no page of the list, searches through all rows, whoever asks", async () => {
  await using house = await setUp();
  await fillYear(house.database);
  // One connection: it knows what it did before it tells the others.
  const own = await openDatabase(house.database.target, quietLog, { maxConnections: 1 });
  const store = createUsageQueryStore(own);
  const { run } = createTestOperations(own, createUsageOperations({ store, list: listUsageRecords }));
  async function countSearches(): Promise<number> {
    await own.sql`select pg_stat_force_next_flush()`;
    const [found] = await own.sql<{ n: number }[]>`
      select seq_scan as n from pg_stat_user_tables where relname = 'usage_record'`;
    return found?.n ?? -1;
  }
  const member: Caller = { ...orgOwner, orgRole: "member", principal: { type: "user", id: "usr_7" } };
  const lead: Caller = { ...member, teams: [{ id: "tem_3", name: "T", role: "admin" }] };
  const before = await countSearches();
  for (const caller of [orgOwner, member, lead]) {
    const { totals } = await run(queryUsage, { groupBy: "model,team" }, { caller });
    assert.ok(totals.requests > 50);
    assert.equal((await run(listOperation, {}, { caller })).items.length, 50);
    await run(listOperation, { owner: "usr_7", sort: "at" }, { caller });
  }
  assert.equal(await countSearches(), before);
  await own.sql`select count(*) from usage_record where status = 500`;
  assert.equal(await countSearches(), before + 1, "a search would have been seen");
  await own.close();
});
