import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Price } from "@auxot/wire/price";
import type { PriceQuestion } from "../../platform/price-of.ts";
import { createPriceBook, type Comparison, type PriceEntry } from "./price-book.ts";

const ask: PriceQuestion = { provider: "openai", model: "gpt-4.1-mini", tier: "cloud", at: 1000 };
let made = 0;

function priced(inputMicroUsd: number): Price {
  return { inputMicroUsd, outputMicroUsd: 0 };
}

function entry(model: string, inputMicroUsd: number, more: Partial<PriceEntry> = {}): PriceEntry {
  return { id: `prc_${++made}`, model, provider: null, price: priced(inputMicroUsd), effectiveFrom: 0, ...more };
}

function open(entries: readonly PriceEntry[], comparisons: readonly Comparison[] = []) {
  const hosts: Record<string, string> = { openai: "https://api.openai.com/v1", claude: "https://api.anthropic.com" };
  const book = createPriceBook({ entries, comparisons, findBaseUrl: (provider) => hosts[provider] });
  const input = (question: Partial<PriceQuestion> = {}) => book.priceOf({ ...ask, ...question })?.inputMicroUsd;
  const cloud = (question: Partial<PriceQuestion> = {}) => book.cloudPriceOf({ ...ask, ...question })?.inputMicroUsd;
  return { input, cloud };
}

describe("the price of an answer", () => {
  it("is the vendor's list price until the organisation sets its own", () => {
    assert.equal(open([]).input(), 400_000);
    assert.equal(open([entry("gpt-4.1-mini", 5)]).input(), 5);
    assert.equal(open([entry("gpt-4.1*", 6)]).input(), 6);
    assert.equal(open([]).input({ model: "our-own-model" }), undefined);
  });

  it("is the one that was true when the request began", () => {
    const book = open([
      entry("gpt-4.1-mini", 2, { effectiveFrom: 2000 }),
      entry("gpt-4.1-mini", 1, { effectiveFrom: 1000 }),
    ]);
    assert.deepEqual(
      [999, 1000, 1999, 2000].map((at) => book.input({ at })),
      [400_000, 1, 1, 2],
    );
  });

  it("comes from the entry that says most: the provider's own, the whole name, the longest beginning", () => {
    const entries = [
      entry("*", 1),
      entry("gpt-*", 2),
      entry("gpt-4.1*", 3),
      entry("gpt-4.1-mini", 4),
      entry("*", 5, { provider: "openai" }),
    ];
    const seen: (number | undefined)[] = [];
    while (entries.length > 0) {
      seen.push(open(entries).input());
      entries.pop();
    }
    assert.deepEqual(seen, [5, 4, 3, 2, 1]);
  });

  it("does not care for a vendor before the name, a date behind it, or capitals", () => {
    const book = open([entry("claude-sonnet-4-5", 9)]);
    for (const model of ["claude-sonnet-4-5", "anthropic/Claude-Sonnet-4.5", "claude-sonnet-4-5-20250929"]) {
      assert.equal(book.input({ provider: "claude", model }), 9, model);
    }
  });

  it("is nothing on workers, unless a price names their provider", () => {
    const gpu = { tier: "gpu", provider: "gpu" } as const;
    assert.equal(open([entry("*", 7)]).input(gpu), 0);
    assert.equal(open([entry("*", 7, { provider: "gpu" })]).input(gpu), 7);
    assert.equal(open([entry("*", 7, { provider: "gpu" })]).input({ tier: "cli", provider: "cli" }), 0);
  });

  it("is the entry in force of the most telling kind, whatever order the entries come in", () => {
    const anyEntries = fc.uniqueArray(
      fc.record({
        model: fc.constantFrom("*", "gpt-*", "gpt-4.1-mini"),
        provider: fc.constantFrom(null, "openai"),
        effectiveFrom: fc.integer({ min: 0, max: 20 }),
      }),
      { selector: (one) => JSON.stringify(one), maxLength: 12 },
    );
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: 0, max: 20 }), (rows, at) => {
        const entries = rows.map(({ model, ...more }, i) => entry(model, i, more));
        const expected = (["openai", null] as const)
          .flatMap((provider) => ["gpt-4.1-mini", "gpt-*", "*"].map((model) => ({ provider, model })))
          .map(({ provider, model }) =>
            entries
              .filter((one) => one.provider === provider && one.model === model && one.effectiveFrom <= at)
              .toSorted((a, b) => b.effectiveFrom - a.effectiveFrom)
              .at(0),
          )
          .find((one) => one !== undefined);
        assert.equal(open(entries).input({ at }), expected?.price.inputMicroUsd ?? 400_000);
        assert.equal(open(entries.toReversed()).input({ at }), expected?.price.inputMicroUsd ?? 400_000);
      }),
    );
  });
});

describe("what a local answer would have cost in the cloud", () => {
  const local = { tier: "gpu", provider: "gpu", model: "qwen3-32b" } as const;

  it("is the list price of the same model where a cloud sells it, and unknown otherwise", () => {
    assert.equal(open([]).cloud(local), 80_000);
    assert.equal(open([]).cloud({ ...local, model: "our-own-model" }), undefined);
  });

  it("is the price of the model that the organisation compares with, its own price of it first", () => {
    const comparisons = [
      { model: "*", cloudModel: "gpt-4.1-mini" },
      { model: "qwen3-*", cloudModel: "claude-sonnet-4-5" },
      { model: "secret-*", cloudModel: null },
    ];
    const book = open([entry("gpt-4.1-mini", 3)], comparisons);
    assert.equal(book.cloud(local), 3_000_000);
    assert.equal(book.cloud({ ...local, model: "our-own-model" }), 3);
    assert.equal(book.cloud({ ...local, model: "secret-1" }), undefined);
  });

  it("is asked for CLI workers too, and never for what the cloud answered", () => {
    assert.equal(open([]).cloud({ tier: "cli", provider: "cli", model: "claude-sonnet-4-5" }), 3_000_000);
    assert.equal(open([]).cloud(), undefined);
  });
});
