// Prices of the organisation's own: set, replaced, removed, remembered, and in force on every router.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findPrice,
  listComparisons,
  listPriceHistory,
  listPrices,
  removeComparison,
  removePrice,
  setComparison,
  setPrice,
} from "@auxot/wire/operations/prices";
import type { Tier } from "@auxot/wire/model-offer";
import { createOrgCaller, type Caller } from "../../src/platform/caller.ts";
import type { PriceQuestion } from "../../src/platform/price-of.ts";
import { createPriceOperations } from "../../src/records/prices/operations.ts";
import { createPrices, type Prices } from "../../src/records/prices/prices.ts";
import { createPriceStore, type PriceStore } from "../../src/records/prices/store.ts";
import { openTestDatabase } from "../harness/database.ts";
import { createTestOperations } from "../harness/operations.ts";
import { quietLog as log } from "../harness/quiet-log.ts";

const mini: PriceQuestion = { provider: "openai", model: "gpt-4.1-mini", tier: "cloud", at: Date.UTC(2030, 0, 1) };
const half = { inputMicroUsd: 200_000, outputMicroUsd: 800_000 };

function findBaseUrl(name: string): string | undefined {
  return name === "openai" ? "https://api.openai.com/v1" : undefined;
}

function findTier(name: string): Tier | undefined {
  if (name === "openai") return "cloud";
  return name === "gpu" ? "gpu" : undefined;
}

function open(store: Pick<PriceStore, "load">, reloadEveryMs = 60_000): Promise<Prices> {
  return createPrices({ store, findBaseUrl, log, reloadEveryMs });
}

async function setUp() {
  const database = await openTestDatabase();
  const store = createPriceStore(database);
  const prices = await open(store);
  const operations = createTestOperations(database, createPriceOperations({ store, prices, findTier }));
  return {
    ...operations,
    store,
    prices,
    async [Symbol.asyncDispose]() {
      await prices.close();
      await database.close();
    },
  };
}

function member(orgRole: Caller["orgRole"]): Caller {
  return { ...createOrgCaller("", "Mia", false), principal: { type: "user", id: "usr_mia" }, orgRole };
}

test("a price that is set counts at once here, on other routers soon, and after a restart", async () => {
  await using house = await setUp();
  const reread = Promise.withResolvers<void>();
  let loads = 0;
  const other = await open(
    {
      async load() {
        const all = await house.store.load();
        if (++loads > 1 && all.prices.length > 0) reread.resolve();
        return all;
      },
    },
    5,
  );
  assert.equal(house.prices.priceOf(mini)?.inputMicroUsd, 400_000);
  const made = await house.run(setPrice, { model: " GPT-4.1-* ", ...half });
  assert.partialDeepStrictEqual(made, { model: "gpt-4.1-*", provider: null, ...half, createdBy: "key_owner" });
  assert.equal(house.prices.priceOf(mini)?.inputMicroUsd, 200_000);
  const awake = setInterval(() => {}, 1000);
  await reread.promise;
  clearInterval(awake);
  await other.close();
  assert.equal(other.priceOf(mini)?.inputMicroUsd, 200_000);
  const later = await open(house.store);
  assert.equal(later.priceOf(mini)?.inputMicroUsd, 200_000);
  await later.close();
  assert.partialDeepStrictEqual(house.audited.at(-1), { action: "prices.set", before: null, after: { ...half } });
});

test("a price of a later date counts from then on, and one for the same date takes the place of the other", async () => {
  await using house = await setUp();
  const effectiveFrom = "2031-01-01T01:00:00+01:00";
  await house.run(setPrice, { model: "gpt-4.1-mini", ...half, effectiveFrom });
  assert.equal(house.prices.priceOf(mini)?.inputMicroUsd, 400_000);
  assert.equal(house.prices.priceOf({ ...mini, at: Date.UTC(2031, 0, 1) })?.inputMicroUsd, 200_000);
  const second = await house.run(setPrice, { model: "gpt-4.1-mini", ...half, inputMicroUsd: 7, effectiveFrom });
  assert.equal(house.prices.priceOf({ ...mini, at: Date.UTC(2032, 0, 1) })?.inputMicroUsd, 7);
  assert.deepEqual(
    (await house.run(listPrices, {})).items.map(({ id }) => id),
    [second.id],
  );
  assert.partialDeepStrictEqual(house.audited.at(-1), {
    before: { inputMicroUsd: 200_000 },
    after: { inputMicroUsd: 7 },
  });
});

test("two routers that set the same price at once leave one of the two in use", async () => {
  await using house = await setUp();
  const effectiveFrom = "2031-01-01T00:00:00Z";
  await Promise.all(
    [1, 2, 3].map((inputMicroUsd) => house.run(setPrice, { model: "m", ...half, inputMicroUsd, effectiveFrom })),
  );
  assert.equal((await house.run(listPrices, { model: "M" })).items.length, 1);
  assert.equal((await house.run(listPriceHistory, { model: "m" })).items.length, 3);
});

test("a removed price counts no more, and the history tells who set and who removed it", async () => {
  await using house = await setUp();
  const made = await house.run(setPrice, { model: "gpt-4.1-mini", provider: "openai", ...half });
  const removed = await house.run(removePrice, { id: made.id }, { caller: member("admin") });
  assert.equal(removed.removedBy, "usr_mia");
  assert.equal(house.prices.priceOf(mini)?.inputMicroUsd, 400_000);
  assert.deepEqual((await house.run(listPrices, {})).items, []);
  assert.deepEqual((await house.run(listPriceHistory, { provider: "openai" })).items, [removed]);
  await assert.rejects(house.run(removePrice, { id: made.id }), { code: "not_found" });
});

test("a dry run shows the price it would set, and sets none", async () => {
  await using house = await setUp();
  const preview: unknown = await house.run(setPrice, { model: "gpt-4.1-mini", ...half }, { dryRun: true });
  assert.partialDeepStrictEqual(preview, { dryRun: true, changes: [{ kind: "price", before: null, after: half }] });
  assert.equal(house.prices.priceOf(mini)?.inputMicroUsd, 400_000);
});

test("prices that cannot be are refused with the field", async () => {
  await using house = await setUp();
  for (const [input, problem] of [
    [{ ...half }, /model/],
    [{ model: "a*b", ...half }, /model: may have one \* only/],
    [{ model: "m", inputMicroUsd: 0.5, outputMicroUsd: 1 }, /inputMicroUsd/],
    [{ model: "m", inputMicroUsd: -1, outputMicroUsd: 1 }, /inputMicroUsd/],
    [{ model: "m", inputMicroUsd: 1 }, /outputMicroUsd: is missing/],
    [{ model: "m", ...half, effectiveFrom: "tomorrow" }, /effectiveFrom/],
    [{ model: "m", ...half, provider: "nope" }, /provider: there is no provider named "nope"/],
    [{ model: "m", ...half, currency: "EUR" }, /currency/],
  ] as const) {
    await assert.rejects(house.run(setPrice, input), { code: "invalid_request", message: problem });
  }
});

test("every member reads prices, only administrators set them", async () => {
  await using house = await setUp();
  const caller = member("member");
  assert.deepEqual((await house.run(listPrices, {}, { caller })).items, []);
  const made = await house.run(setPrice, { model: "m", ...half });
  const refused = { code: "forbidden" };
  await assert.rejects(house.run(setPrice, { model: "m", ...half }, { caller }), refused);
  await assert.rejects(house.run(removePrice, { id: made.id }, { caller }), refused);
  await assert.rejects(house.run(setComparison, { model: "m", cloudModel: null }, { caller }), refused);
  await assert.rejects(house.run(removeComparison, { model: "m" }, { caller }), refused);
  await assert.rejects(house.run(listPrices, {}, { caller: createOrgCaller("key_app", "app", false) }), refused);
});

test("it is told what a model costs at a provider, and why", async () => {
  await using house = await setUp();
  const find = (model: string, provider: string) => house.run(findPrice, { model, provider });
  assert.partialDeepStrictEqual(await find("gpt-4.1-mini", "openai"), {
    tier: "cloud",
    from: "list",
    cloudPrice: null,
  });
  assert.partialDeepStrictEqual(await find("qwen3-32b", "gpu"), {
    tier: "gpu",
    from: "worker",
    price: { inputMicroUsd: 0 },
    cloudPrice: { inputMicroUsd: 80_000 },
    cloudModel: "qwen3-32b",
  });
  assert.partialDeepStrictEqual(await find("nobody-knows", "openai"), { from: "unknown", price: null });
  await house.run(setPrice, { model: "qwen*", provider: "gpu", ...half });
  assert.partialDeepStrictEqual(await find("qwen3-32b", "gpu"), { from: "own", price: half });
  await assert.rejects(find("m", "nope"), { code: "not_found" });
});

test("a local model is compared with the cloud model that was chosen for it, until that is taken back", async () => {
  await using house = await setUp();
  const local: PriceQuestion = { ...mini, tier: "gpu", provider: "gpu", model: "our-model" };
  assert.equal(house.prices.cloudPriceOf(local), undefined);
  await house.run(setComparison, { model: "our-*", cloudModel: "gpt-4.1-mini" });
  assert.equal(house.prices.cloudPriceOf(local)?.inputMicroUsd, 400_000);
  await house.run(setComparison, { model: "our-*", cloudModel: null });
  assert.equal(house.prices.cloudPriceOf(local), undefined);
  assert.partialDeepStrictEqual((await house.run(listComparisons, {})).items, [{ model: "our-*", cloudModel: null }]);
  await house.run(removeComparison, { model: "our-*" });
  assert.deepEqual((await house.run(listComparisons, {})).items, []);
  await assert.rejects(house.run(removeComparison, { model: "our-*" }), { code: "not_found" });
});

test("the prices known so far are used while the database is away", async () => {
  const away = Promise.withResolvers<void>();
  let tries = 0;
  const row = {
    id: "prc_1",
    model: "gpt-4.1-mini",
    provider: null,
    price: half,
    effectiveFrom: new Date(0),
    createdAt: new Date(0),
    createdBy: "key_1",
    removedAt: null,
    removedBy: null,
  };
  const prices = await open(
    {
      load() {
        if (++tries === 1) return Promise.resolve({ prices: [row], comparisons: [] });
        away.resolve();
        return Promise.reject(new Error("connect ECONNREFUSED"));
      },
    },
    1,
  );
  const awake = setInterval(() => {}, 1000);
  await away.promise;
  clearInterval(awake);
  await prices.close();
  assert.equal(prices.priceOf(mini)?.inputMicroUsd, 200_000);
});
