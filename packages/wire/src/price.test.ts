import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { costOf, freePrice, highestRate, priceSchema, type Price } from "./price.ts";
import { noUsage, type Usage } from "./usage.ts";

const price: Price = {
  inputMicroUsd: 3_000_000,
  cachedInputMicroUsd: 300_000,
  cacheWriteMicroUsd: 3_750_000,
  outputMicroUsd: 15_000_000,
};

const rate = fc.integer({ min: 0, max: highestRate });
const anyRates = fc.record(
  { inputMicroUsd: rate, cachedInputMicroUsd: rate, cacheWriteMicroUsd: rate, outputMicroUsd: rate },
  { requiredKeys: ["inputMicroUsd", "outputMicroUsd"] },
) as fc.Arbitrary<Price>;

/** Counts that fit each other. */
const anyUsage = fc
  .tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 300_000 })))
  .map(([plain, cached, written, output]): Usage => {
    return {
      ...noUsage,
      inputTokens: Number(plain) + Number(cached) + Number(written),
      cachedInputTokens: Number(cached),
      cacheWriteTokens: Number(written),
      outputTokens: Number(output),
    };
  });

function add(usages: readonly Usage[]): Usage {
  return usages.reduce(
    (sum, one) => ({
      inputTokens: sum.inputTokens + one.inputTokens,
      outputTokens: sum.outputTokens + one.outputTokens,
      cachedInputTokens: sum.cachedInputTokens + one.cachedInputTokens,
      cacheWriteTokens: sum.cacheWriteTokens + one.cacheWriteTokens,
      reasoningTokens: sum.reasoningTokens + one.reasoningTokens,
    }),
    noUsage,
  );
}

function ask(usage: Partial<Usage>): number {
  return costOf({ ...noUsage, ...usage }, price);
}

describe("what an answer costs", () => {
  it("counts each token once, at the rate of its kind; reasoning is output", () => {
    const usage = {
      inputTokens: 1000,
      cachedInputTokens: 600,
      cacheWriteTokens: 100,
      outputTokens: 50,
      reasoningTokens: 40,
    };
    // 300 plain, 600 cached, 100 written, 50 out.
    assert.equal(costOf(usage, price), 900 + 180 + 375 + 750);
    assert.equal(costOf(usage, freePrice), 0);
  });

  it("takes the input rate where the price does not tell cached tokens apart", () => {
    const usage = { ...noUsage, inputTokens: 1000, cachedInputTokens: 600, cacheWriteTokens: 100 };
    assert.equal(costOf(usage, { inputMicroUsd: 2_000_000, outputMicroUsd: 0 }), 2000);
  });

  it("takes the rates of long inputs for the whole of a request above them, and not at them", () => {
    const long: Price = {
      ...price,
      longInputs: [
        { aboveTokens: 200_000, inputMicroUsd: 6_000_000, outputMicroUsd: 22_500_000 },
        { aboveTokens: 400_000, inputMicroUsd: 9_000_000, outputMicroUsd: 22_500_000 },
      ],
    };
    const costs = [200_000, 200_001, 400_001].map((inputTokens) => costOf({ ...noUsage, inputTokens }, long));
    assert.deepEqual(costs, [600_000, 1_200_006, 3_600_009]);
  });

  it("adds what a request costs by itself, even without tokens", () => {
    assert.equal(costOf(noUsage, { ...freePrice, requestMicroUsd: 7 }), 7);
  });

  it("rounds half up, once", () => {
    const cheap: Price = { inputMicroUsd: 20_000, outputMicroUsd: 20_000 };
    const ask = (inputTokens: number, outputTokens: number) => costOf({ ...noUsage, inputTokens, outputTokens }, cheap);
    assert.deepEqual([ask(24, 0), ask(25, 0), ask(20, 20), ask(74, 0)], [0, 1, 1, 1]);
  });

  it("cuts counts that contradict each other, and takes nonsense for nothing", () => {
    assert.equal(ask({ inputTokens: 100, cachedInputTokens: 500 }), 30);
    assert.equal(ask({ inputTokens: 100, cachedInputTokens: 60, cacheWriteTokens: 90 }), 18 + 150);
    assert.equal(ask({ inputTokens: -5, outputTokens: Number.NaN }), 0);
    assert.equal(ask({ outputTokens: Number.POSITIVE_INFINITY }), 0);
    assert.equal(ask({ outputTokens: Number.MAX_VALUE }), Number.MAX_SAFE_INTEGER);
  });

  it("never drifts: the costs of n answers differ from the cost of their sum by (n + 1) / 2 micro-dollars at most", () => {
    fc.assert(
      fc.property(fc.array(anyUsage, { minLength: 1, maxLength: 50 }), anyRates, (usages, rates) => {
        const apart = usages.reduce((sum, usage) => sum + costOf(usage, rates), 0);
        const together = costOf(add(usages), rates);
        assert.ok(Math.abs(apart - together) <= (usages.length + 1) / 2, `${apart} and ${together}`);
        assert.ok(Number.isSafeInteger(together));
      }),
    );
  });

  it("never costs less with more tokens of any kind", () => {
    fc.assert(
      fc.property(anyUsage, anyUsage, anyRates, (usage, more, rates) => {
        assert.ok(costOf(add([usage, more]), rates) >= costOf(usage, rates));
      }),
    );
  });
});

describe("a price", () => {
  it("is refused when it is no whole number of micro-dollars, negative, or absurdly high", () => {
    for (const inputMicroUsd of [0.5, -1, highestRate + 1, "3"]) {
      assert.equal(priceSchema.safeParse({ inputMicroUsd, outputMicroUsd: 0 }).success, false);
    }
    assert.equal(priceSchema.safeParse({ inputMicroUsd: 1 }).success, false);
    const steps = [200, 100].map((aboveTokens) => ({ aboveTokens, inputMicroUsd: 1, outputMicroUsd: 1 }));
    assert.match(String(priceSchema.safeParse({ ...price, longInputs: steps }).error), /ascending/);
    assert.equal(priceSchema.safeParse({ ...price, extra: 1 }).success, false);
    assert.equal(priceSchema.safeParse(price).success, true);
  });
});
