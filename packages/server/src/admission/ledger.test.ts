import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createAccount, type Account, type AccountKind } from "./account.ts";
import { reserve, type Reservation } from "./ledger.ts";

function grant(kind: AccountKind, amount: number): Account {
  const account = createAccount(kind);
  account.setGranted(amount);
  return account;
}

const entry = (account: Account, amount: number) => ({ account, amount, forced: false });

test("of 50 requests at once with money for 5, five are let in", () => {
  const account = grant("budget", 5_000);
  const admitted = Array.from({ length: 50 }, () => reserve([entry(account, 1_000)], 0)).filter(Boolean);
  assert.equal(admitted.length, 5);
  assert.equal(account.free(0), 0);
  for (const reservation of admitted) reservation?.settle(() => 400, 0);
  assert.equal(account.free(0), 3_000, "what they did not use is there again");
});

test("a reservation fits everywhere or is made nowhere", () => {
  const [key, team, org] = [grant("budget", 100), grant("rate", 3), grant("concurrency", 1)];
  const ask = [entry(key, 10), entry(team, 1), entry(org, 1)];
  const first = reserve(ask, 0);
  assert.ok(first);
  assert.equal(reserve(ask, 0), undefined);
  assert.deepEqual(
    [key, team, org].map((account) => account.free(0)),
    [90, 2, 0],
  );
  first.settle(() => 0, 0);
  assert.deepEqual(
    [key, team, org].map((account) => account.free(0)),
    [100, 3, 1],
  );
});

test("a reservation that is settled again, after a crash and a cancel at once, changes nothing", () => {
  const account = grant("budget", 100);
  const reservation = reserve([entry(account, 60)], 0);
  assert.equal(
    reservation?.settle(() => 50, 0),
    true,
  );
  assert.equal(
    reservation?.settle(() => 0, 0),
    false,
  );
  assert.equal(account.spent(), 50);
  assert.equal(account.free(0), 50);
});

test("what cost more than was reserved is spent all the same, and nothing fits until there is room", () => {
  const account = grant("budget", 100);
  reserve([entry(account, 60)], 0)?.settle(() => 150, 0);
  assert.equal(account.free(0), -50);
  assert.equal(reserve([entry(account, 1)], 0), undefined);
  assert.ok(reserve([entry(account, 0)], 0), "what costs nothing needs no room");
});

test("a minute's amount comes back a minute after it was used, and one who asks is told when", () => {
  const account = grant("rate", 10);
  assert.ok(reserve([entry(account, 6)], 0));
  assert.ok(reserve([entry(account, 4)], 30_000));
  assert.equal(account.freesIn(6, 31_000), 30_000);
  assert.equal(account.freesIn(7, 31_000), 60_000);
  assert.equal(account.freesIn(11, 31_000), undefined, "never: it is more than there is");
  assert.equal(reserve([entry(account, 6)], 59_999), undefined);
  assert.ok(reserve([entry(account, 6)], 61_000));
  assert.equal(account.emptiesIn(61_000), 61_000);
});

const kinds = fc.constantFrom<AccountKind>("budget", "rate", "concurrency");
const steps = fc.array(
  fc.record({
    amounts: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 3, maxLength: 3 }),
    /** Of what was reserved, used in hundredths. */
    share: fc.integer({ min: 0, max: 100 }),
    /** Which of the open ones ends, if one does; and whether it ends twice. */
    ends: fc.option(fc.nat(5)),
    twice: fc.boolean(),
    passesMs: fc.integer({ min: 0, max: 20_000 }),
  }),
  { maxLength: 120 },
);

test("whatever comes in whatever order: never more than granted, all or none, and what is settled is what was used", () => {
  fc.assert(
    fc.property(fc.array(kinds, { minLength: 3, maxLength: 3 }), steps, (three, list) => {
      const accounts = three.map((kind, at) => grant(kind, 40 + at * 10));
      const used = accounts.map(() => 0);
      const open: { readonly amounts: readonly number[]; readonly reservation: Reservation }[] = [];
      let now = 0;
      for (const { amounts, share, ends, twice, passesMs } of list) {
        now += passesMs;
        const before = accounts.map((account) => account.free(now));
        const reservation = reserve(
          accounts.map((account, at) => entry(account, amounts[at] ?? 0)),
          now,
        );
        const fits = before.every((free, at) => amounts[at] === 0 || free >= (amounts[at] ?? 0));
        assert.equal(reservation !== undefined, fits);
        for (const [at, account] of accounts.entries()) {
          const moved = (before[at] ?? 0) - account.free(now);
          assert.equal(moved, fits ? (amounts[at] ?? 0) : 0);
          assert.ok(account.free(now) >= 0 && account.needed(now) >= account.spent());
        }
        if (reservation !== undefined) open.push({ amounts, reservation });
        const ended = ends === null ? undefined : open.splice(ends, 1)[0];
        if (ended === undefined) continue;
        const actual = ended.amounts.map((amount) => Math.floor((amount * share) / 100));
        for (const _ of twice ? [1, 2] : [1]) ended.reservation.settle((at) => actual[at] ?? 0, now);
        for (const at of accounts.keys()) used[at] = (used[at] ?? 0) + (actual[at] ?? 0);
      }
      for (const [at, account] of accounts.entries()) {
        if (account.kind === "budget") assert.equal(account.spent(), used[at]);
        if (account.kind !== "rate") continue;
        // Given back early by nobody who used all: any 60 seconds hold at most what was granted.
        account.free(now);
        assert.ok(account.used(now) <= account.granted());
      }
    }),
  );
});

test("any 60 seconds hold no more than a minute's amount, however requests are spread", () => {
  const arrivals = fc.array(fc.record({ passesMs: fc.nat(9_000), amount: fc.integer({ min: 1, max: 10 }) }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(arrivals, (list) => {
      const account = grant("rate", 20);
      const taken: { readonly at: number; readonly amount: number }[] = [];
      let now = 0;
      for (const { passesMs, amount } of list) {
        now += passesMs;
        if (reserve([entry(account, amount)], now) === undefined) {
          const waitMs = account.freesIn(amount, now);
          assert.ok(waitMs !== undefined && waitMs > 0);
          now += waitMs;
          assert.ok(reserve([entry(account, amount)], now), "it is free when it was said to be");
        }
        taken.push({ at: now, amount });
      }
      for (const { at } of taken) {
        const within = taken.filter((one) => one.at > at - 60_000 && one.at <= at);
        assert.ok(within.reduce((sum, { amount }) => sum + amount, 0) <= 20);
      }
    }),
  );
});
