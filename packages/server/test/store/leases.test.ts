// Limits over several routers on one real database.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { noUsage } from "@auxot/wire/usage";
import fc from "fast-check";
import type { Admission } from "../../src/admission/gate.ts";
import { createLeaseStore, type LeaseAsk } from "../../src/admission/lease-store.ts";
import { openTestDatabase, type TestDatabase } from "../harness/database.ts";
import { demand, insertLimit, someKey, startAdmission, type TestAdmission } from "../harness/limits.ts";

const never = new AbortController().signal;
const cloud = { tier: "cloud", provider: "cloud", model: "cloud-model" } as const;
const day = { measure: "money", window: "day" } as const;

type Outcome = { readonly admitted: readonly Admission[]; readonly refused: readonly AppError[] };

async function admitMany(rooms: readonly TestAdmission[], count: number): Promise<Outcome> {
  const asked = Array.from({ length: count }, async (_, at) =>
    rooms[at % rooms.length]?.admit(someKey, () => demand(), never),
  );
  const settled = await Promise.allSettled(asked);
  return {
    admitted: settled.flatMap((one) => (one.status === "fulfilled" && one.value !== undefined ? [one.value] : [])),
    refused: settled.flatMap((one) => (one.status === "rejected" ? [one.reason as AppError] : [])),
  };
}

async function readSpent(database: TestDatabase): Promise<number> {
  const [row] = await database.sql<
    { spent: number }[]
  >`select coalesce(sum(spent), 0)::bigint as spent from limit_lease`;
  return row?.spent ?? 0;
}

for (const [routers, name] of [
  [1, "one router"],
  [2, "two routers"],
] as const) {
  test(`of 50 requests at once with money for 5, ${name} let in five`, async () => {
    await using database = await openTestDatabase();
    await insertLimit(database, { ...day, amount: 50 });
    const rooms = await Promise.all(Array.from({ length: routers }, () => startAdmission(database)));
    const { admitted, refused } = await admitMany(rooms, 50);
    assert.equal(admitted.length, 5);
    assert.equal(refused.length, 45);
    assert.ok(refused.every(({ code }) => code === "insufficient_quota"));
    for (const admission of admitted) admission.settle(cloud, { ...noUsage, outputTokens: 7 });
    for (const admission of admitted) admission.settle(cloud, { ...noUsage, outputTokens: 7 });
    await Promise.all(rooms.map((room) => room.close()));
    assert.equal(await readSpent(database), 35, "what was used, each once");
  });
}

test("what one router does not use another can have", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { ...day, amount: 100 });
  await using second = await startAdmission(database);
  const first = await startAdmission(database);
  const held = await admitMany([first], 10);
  assert.equal(held.admitted.length, 10);
  assert.equal((await admitMany([second], 1)).refused.length, 1);
  for (const admission of held.admitted) admission.settle(cloud, { ...noUsage, outputTokens: 3 });
  await first.close();
  // Nothing was left a moment ago; it is asked again after a while, so another router stands for a later one.
  await using third = await startAdmission(database);
  assert.equal((await admitMany([third], 10)).admitted.length, 7);
});

test("a router that died: what it had spent and written stays spent, the rest is free when its lease is over", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { ...day, amount: 100 });
  const store = createLeaseStore(database);
  const [limit] = await database.sql<{ id: string }[]>`select id from usage_limit`;
  const ask = (part: Partial<LeaseAsk>): LeaseAsk => ({
    limitId: limit?.id ?? "",
    windowStartMs: Math.floor(Date.now() / 86_400_000) * 86_400_000,
    holderId: "dead",
    leaseSeconds: 30,
    spent: 0,
    keep: 0,
    need: 0,
    ...part,
  });
  await store.sync([ask({ need: 80 })], 1);
  await store.sync([ask({ keep: 100, spent: 12 })], 1);
  assert.deepEqual(await store.sync([ask({ holderId: "next", need: 10 })], 1), [
    { holderId: "next", granted: 0, open: 0, spentElsewhere: 12 },
  ]);
  await database.sql`update limit_lease set expires_at = now() - interval '1 second' where holder_id = 'dead'`;
  assert.deepEqual(await store.sync([ask({ holderId: "next", need: 10 })], 8), [
    { holderId: "next", granted: 11, open: 77, spentElsewhere: 12 },
  ]);
  // It was only away: it gets back what nobody took, no more, and what it spent counts.
  assert.deepEqual(await store.sync([ask({ keep: 100, spent: 20 })], 8), [
    { holderId: "dead", granted: 20, open: 69, spentElsewhere: 0 },
  ]);
});

test("an answer that was lost on its way does no harm: the same call again gives and writes the same", async () => {
  await using database = await openTestDatabase();
  const { id: limitId } = await insertLimit(database, { ...day, amount: 100 });
  const store = createLeaseStore(database);
  const ask = { limitId, windowStartMs: 0, holderId: "a", leaseSeconds: 30, spent: 5, keep: 0, need: 20 };
  const first = await store.sync([ask], 1_000_000);
  assert.deepEqual(await store.sync([ask], 1_000_000), first);
  assert.equal(await readSpent(database), 5);
});

test("a router that starts alone on its database takes what the one before it held, and keeps what was spent", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { ...day, amount: 100 });
  const first = await startAdmission(database, { alone: true, writeEveryMs: 5 });
  const { admitted } = await admitMany([first], 3);
  admitted[0]?.settle(cloud, { ...noUsage, outputTokens: 10 });
  while ((await readSpent(database)) < 10) await new Promise((resolve) => setImmediate(resolve));
  // Killed: nothing is closed.
  await using second = await startAdmission(database, { alone: true });
  assert.equal((await admitMany([second], 20)).admitted.length, 9);
  await first.close();
});

test("while the database is away: what is leased is used, then requests are told so, and those without limits go on", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { ...day, amount: 1000, subject: { type: "key", id: "key_1" } });
  let ticks = 0;
  let away = false;
  const store = createLeaseStore(database);
  const leases = {
    ...store,
    sync: (...args: Parameters<typeof store.sync>) => (away ? Promise.reject(new Error("away")) : store.sync(...args)),
  };
  await using room = await startAdmission(database, { leases, ticks: () => ticks, now: () => 1_000_000 + ticks });
  assert.equal((await admitMany([room], 1)).admitted.length, 1);
  away = true;
  const { admitted, refused } = await admitMany([room], 100);
  assert.equal(admitted.length, 11, "an eighth of what there is was leased");
  assert.ok(refused.every(({ code, retryAfterMs }) => code === "no_capacity" && retryAfterMs === 1000));
  admitted[0]?.settle(cloud, noUsage);
  ticks += 26_000;
  assert.equal((await admitMany([room], 1)).refused.length, 1, "by now somebody else may have been given it");
  const other = { ...someKey, keyId: "key_2" };
  assert.ok(await room.admit(other, () => demand(), never));
  away = false;
  assert.equal((await admitMany([room], 1)).admitted.length, 1);
});

test("an alert is told once for each step of a window, on whichever router, and not for steps that were jumped over", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { ...day, amount: 100 });
  const rooms = [
    await startAdmission(database, { writeEveryMs: 5 }),
    await startAdmission(database, { writeEveryMs: 5 }),
  ] as const;
  let sum = 0;
  for (const [at, used] of [
    [0, 40],
    [1, 12],
    [0, 30],
    [1, 30],
  ] as const) {
    const admission = await rooms[at].admit(someKey, () => demand({ outputTokens: 0 }), never);
    admission.settle(cloud, { ...noUsage, outputTokens: used });
    sum += used;
    while ((await readSpent(database)) < sum) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(rooms.map((room) => room.close()));
  const rows = await database.sql<
    { percent: number; used: number }[]
  >`select percent, used from limit_alert order by percent`;
  assert.deepEqual(
    rows.map(({ percent }) => percent),
    [50, 75, 100],
  );
  assert.equal(rooms[0].alerts.length + rooms[1].alerts.length, 3);
});

test("however routers ask, spend, give back and die: together they never hold more than there is", async () => {
  await using database = await openTestDatabase();
  const store = createLeaseStore(database);
  const step = fc.record({
    holder: fc.nat(3),
    need: fc.nat(40),
    /** Of what it holds, in hundredths. */
    spends: fc.nat(100),
    gives: fc.nat(100),
    dies: fc.boolean(),
    shares: fc.constantFrom(1, 8),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { id: limitId } = await insertLimit(database, { ...day, amount: 100 });
      let lives = 0;
      let spentInAll = 0;
      const holders = Array.from({ length: 4 }, () => ({ holderId: `h${++lives}`, spent: 0, granted: 0 }));
      for (const { holder, need, spends, gives, dies, shares } of steps) {
        const one = holders[holder];
        if (one === undefined) continue;
        const spending = Math.floor(((one.granted - one.spent) * spends) / 100);
        one.spent += spending;
        const keep = one.granted - Math.floor(((one.granted - one.spent) * gives) / 100);
        const { holderId, spent } = one;
        const ask = { limitId, windowStartMs: 0, holderId, leaseSeconds: 30, spent, keep, need };
        const [answer] = await store.sync([ask], shares);
        spentInAll += spending;
        assert.ok(answer !== undefined && answer.granted <= keep + need + 100 && answer.open >= 0);
        one.granted = answer.granted;
        const held = holders.reduce((sum, { granted, spent: used }) => sum + granted - used, 0);
        assert.ok(held + spentInAll <= 100, `${held} held and ${spentInAll} spent of 100`);
        assert.equal(answer.open, 100 - held - spentInAll);
        if (!dies) continue;
        await database.sql`update limit_lease set expires_at = now() - interval '1 second' where limit_id = ${limitId} and holder_id = ${holderId}`;
        holders[holder] = { holderId: `h${++lives}`, spent: 0, granted: 0 };
      }
    }),
    { numRuns: 60 },
  );
});
