// What happens to requests at the edges of windows, over nested limits and with clocks that jump, on a real database.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@auxot/wire/errors";
import { noUsage } from "@auxot/wire/usage";
import fc from "fast-check";
import type { Admission } from "../../src/admission/gate.ts";
import { createLeaseStore } from "../../src/admission/lease-store.ts";
import type { Caller } from "../../src/platform/caller.ts";
import { openTestDatabase } from "../harness/database.ts";
import { demand, insertLimit, someKey, startAdmission, type TestAdmission } from "../harness/limits.ts";

const never = new AbortController().signal;
const cloud = { tier: "cloud", provider: "cloud", model: "cloud-model" } as const;
const gpu = { tier: "gpu", provider: "gpu", model: "llama" } as const;

const at = (model: string) => ({ tier: "cloud", provider: "p", model }) as const;

/** A request of ten tokens. */
async function admit(room: TestAdmission, caller: Caller = someKey): Promise<Admission> {
  return room.admit(caller, () => demand(), never);
}

function isRefused(code: string, words = /./): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code && words.test(error.message);
}

test("a budget begins anew at midnight, not before, and what began the day before counts for that day", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { measure: "tokens", window: "day", amount: 10 });
  let now = Date.parse("2026-11-23T23:59:59.999Z");
  await using room = await startAdmission(database, { now: () => now, writeEveryMs: 5 });
  const late = await admit(room);
  await assert.rejects(admit(room), (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.match(error.message, /It begins anew at 2026-11-24T00:00:00Z/);
    assert.equal(error.retryAfterMs, 1000);
    return true;
  });
  now += 1;
  const early = await admit(room);
  late.settle(cloud, { ...noUsage, outputTokens: 6 });
  early.settle(cloud, { ...noUsage, outputTokens: 9 });
  const read = () =>
    database.sql<{ day: string; spent: number }[]>`
      select to_char(window_start at time zone 'utc', 'DD') as day, sum(spent)::bigint as spent
      from limit_lease group by window_start order by window_start`;
  while ((await read()).reduce((sum, { spent }) => sum + spent, 0) < 15) await new Promise(setImmediate);
  assert.deepEqual(
    (await read()).map((row) => ({ ...row })),
    [
      { day: "23", spent: 6 },
      { day: "24", spent: 9 },
    ],
  );
});

test("a clock set back returns to the window before with what was spent of it, and harms neither minutes nor leases", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { measure: "tokens", window: "day", amount: 30 });
  await insertLimit(database, { measure: "requests", window: "minute", amount: 5 });
  let now = Date.parse("2026-11-23T12:00:00Z");
  await using room = await startAdmission(database, { now: () => now, ticks: () => 0, writeEveryMs: 5 });
  for (const _ of [1, 2]) (await admit(room)).settle(cloud, { ...noUsage, outputTokens: 10 });
  now += 86_400_000;
  (await admit(room)).settle(cloud, { ...noUsage, outputTokens: 10 });
  now -= 86_400_000 + 1000;
  (await admit(room)).settle(cloud, { ...noUsage, outputTokens: 10 });
  await assert.rejects(admit(room), isRefused("insufficient_quota"));
  now += 86_400_000;
  await admit(room);
  await assert.rejects(admit(room), isRefused("rate_limited"), "a minute's requests are counted by another clock");
});

test("limits of key, person, teams and everybody all count, and one that refuses leaves nothing reserved in the others", async () => {
  await using database = await openTestDatabase();
  const ann: Caller = {
    ...someKey,
    principal: { type: "user", id: "usr_ann" },
    teams: [
      { id: "tem_a", name: "A", role: "member" },
      { id: "tem_b", name: "B", role: "member" },
    ],
  };
  const day = { measure: "requests", window: "day" } as const;
  const limits = [
    { subject: { type: "key", id: "key_1" }, amount: 9 },
    { subject: { type: "user", id: "usr_ann" }, amount: 8 },
    { subject: { type: "team", id: "tem_a" }, amount: 7 },
    { subject: { type: "team", id: "tem_b" }, amount: 2 },
    { subject: { type: "team", id: "tem_c" }, amount: 0 },
    { subject: { type: "service", id: "svc_x" }, amount: 0 },
  ] as const;
  for (const [at, limit] of limits.entries()) await insertLimit(database, { ...day, ...limit }, `lim_${at}`);
  await insertLimit(
    database,
    { measure: "concurrency", window: null, amount: 1, subject: { type: "org", id: "" } },
    "lim_c",
  );
  await using room = await startAdmission(database, { alone: true });
  assert.deepEqual(room.findIdsFor(ann).toSorted(), ["lim_0", "lim_1", "lim_2", "lim_3", "lim_c"]);
  const first = await admit(room, ann);
  await assert.rejects(admit(room, ann), isRefused("rate_limited", /1 request at once/));
  first.settle(cloud, noUsage);
  const second = await admit(room, ann);
  second.settle(cloud, noUsage);
  await assert.rejects(admit(room, ann), isRefused("insufficient_quota", /of your team, 2 requests a day, is used up/));
  const other = { ...ann, principal: { type: "service", id: "svc_x" } } as const;
  await assert.rejects(admit(room, other), isRefused("insufficient_quota", /of this service account/));
  const read = async (id: string) => (await room.readUse({ ...(await limitOf(id)), id })).used;
  const limitOf = async (id: string) => {
    const at = Number(id.slice(-1));
    return {
      ...day,
      action: "block",
      model: null,
      subject: limits[at]?.subject ?? { type: "org", id: "" },
      amount: 0,
    } as const;
  };
  await room.close();
  assert.deepEqual(await Promise.all(["lim_0", "lim_1", "lim_2", "lim_3"].map(read)), [2, 2, 2, 2]);
});

test("while nobody can say what is left, a limit that warns lets through and one that keeps from clouds does so", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { measure: "tokens", window: "day", amount: 1000, action: "warn" });
  await insertLimit(database, { measure: "money", window: "day", amount: 1000, action: "local-only" });
  const leases = { ...createLeaseStore(database), sync: () => Promise.reject(new Error("away")) };
  await using room = await startAdmission(database, { leases });
  const candidates = [gpu, cloud];
  const admission = await room.admit(someKey, () => demand({ candidates }), never);
  assert.equal(admission.restriction?.bars(cloud), true);
  assert.equal(admission.restriction?.bars(gpu), false);
  await assert.rejects(admit(room), isRefused("insufficient_quota"));
});

test("of several places a request may go to, the dearest is reserved for, and where it went is what is spent", async () => {
  await using database = await openTestDatabase();
  const limit = await insertLimit(database, { measure: "money", window: "day", amount: 100 });
  await using room = await startAdmission(database, {
    costOf: ({ model }, { outputTokens }) =>
      model === "dear" ? outputTokens * 10 : model === "cheap" ? outputTokens : undefined,
  });
  const both = await room.admit(someKey, () => demand({ candidates: [at("cheap"), at("dear")] }), never);
  const admitCheap = async () => room.admit(someKey, () => demand({ candidates: [at("cheap")] }), never);
  const cheap = await admitCheap();
  await assert.rejects(admitCheap(), isRefused("insufficient_quota", /has \$0\.000001 left/));
  both.settle(at("cheap"), { ...noUsage, outputTokens: 9 });
  cheap.settle(undefined, noUsage);
  const unpriced = async () => room.admit(someKey, () => demand({ candidates: [at("new")] }), never);
  await assert.rejects(unpriced(), isRefused("insufficient_quota"), "a model without a price counts at a high one");
  await room.close();
  assert.equal((await room.readUse(limit)).used, 9);
});

test("an edited amount counts at once for what is used already, on the router that did it and soon on the others", async () => {
  await using database = await openTestDatabase();
  const limit = await insertLimit(database, { measure: "requests", window: "day", amount: 3 }, "lim_1");
  const rooms = [
    await startAdmission(database, { reloadEveryMs: 5 }),
    await startAdmission(database, { alone: true }),
  ] as const;
  // Only one of them has anything: the other is alone by its own account.
  const [room, other] = rooms;
  for (const _ of [1, 2]) (await admit(room)).settle(cloud, noUsage);
  await database.sql`update usage_limit set amount = 2, version = 2, updated_at = now() where id = ${limit.id}`;
  await room.reload();
  await assert.rejects(admit(room), isRefused("insufficient_quota", /2 requests a day, is used up/));
  await database.sql`delete from usage_limit`;
  await other.reload();
  assert.deepEqual(other.findIdsFor(someKey), []);
  await other.close();
  while (room.findIdsFor(someKey).length > 0) await new Promise(setImmediate);
  assert.equal((await admit(room)).allowance, undefined);
  await room.close();
});

test("requests that wait for their turn over two routers all come to it, never more at once than allowed", async () => {
  await using database = await openTestDatabase();
  await insertLimit(database, { measure: "concurrency", window: null, amount: 3, action: "throttle" });
  const rooms = [
    await startAdmission(database, { waitMs: 30_000 }),
    await startAdmission(database, { waitMs: 30_000 }),
  ];
  let running = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 40 }, async (_, at) => {
      const admission = await rooms[at % 2]?.admit(someKey, () => demand(), never);
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      admission?.settle(cloud, noUsage);
    }),
  );
  assert.ok(most <= 3, `${most} at once`);
  await Promise.all(rooms.map((room) => room.close()));
});

test("whatever requests cost, leave or fail, what is spent is the sum of what they used, and within the budget if estimates are", async () => {
  await using database = await openTestDatabase();
  const request = fc.record({
    router: fc.nat(1),
    outputTokens: fc.nat(30),
    share: fc.nat(100),
    ending: fc.constantFrom("answered", "no source", "twice"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 40 }), async (requests) => {
      await database.sql`delete from usage_limit`;
      const limit = await insertLimit(database, { measure: "tokens", window: "month", amount: 200 });
      const rooms = [await startAdmission(database), await startAdmission(database)] as const;
      let used = 0;
      await Promise.all(
        requests.map(async ({ router, outputTokens, share, ending }) => {
          const ask = () => demand({ outputTokens });
          const admission = await Promise.resolve(rooms[router === 0 ? 0 : 1].admit(someKey, ask, never)).catch(
            () => undefined,
          );
          if (admission === undefined) return;
          const actual = Math.floor(((outputTokens + 1) * share) / 100);
          const place = ending === "no source" ? undefined : cloud;
          if (place !== undefined) used += actual;
          for (const _ of ending === "twice" ? [1, 2] : [1])
            admission.settle(place, { ...noUsage, outputTokens: actual });
        }),
      );
      await Promise.all(rooms.map((room) => room.close()));
      assert.equal((await rooms[0].readUse(limit)).used, used);
      assert.ok(used <= 200);
    }),
    { numRuns: 25 },
  );
});
