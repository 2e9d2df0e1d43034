// Owns the prices in force: loaded into memory, so that asking costs a request nothing, and kept up to date.

import type { EffectivePrice } from "@auxot/wire/operations/prices";
import type { Log } from "../../platform/log.ts";
import type { PriceOf, PriceQuestion } from "../../platform/price-of.ts";
import { createPriceBook, type PriceBook, type PriceBookDeps } from "./price-book.ts";
import type { ComparisonRow, PriceRow, PriceStore } from "./store.ts";

export type Prices = {
  readonly priceOf: PriceOf;
  /** What the same tokens would have cost in the cloud; undefined of what the cloud answered. */
  readonly cloudPriceOf: PriceOf;
  /** All there is to say of a price, for people. */
  explain(question: PriceQuestion): EffectivePrice;
  /** Reads what is stored again. A router that set a price does so at once, others within `reloadEveryMs`. */
  reload(): Promise<void>;
  close(): Promise<void>;
};

export type PricesDeps = {
  readonly store: Pick<PriceStore, "load">;
  readonly findBaseUrl: PriceBookDeps["findBaseUrl"];
  readonly log: Log;
  readonly reloadEveryMs?: number;
};

/** Throws when the database does not answer; later it keeps what it knows meanwhile. */
export async function createPrices({ store, findBaseUrl, log, reloadEveryMs = 30_000 }: PricesDeps): Promise<Prices> {
  const listed = open([], []);
  let book = listed;
  /** Reads that cross each other: what began later counts. */
  let begun = 0;
  let taken = 0;
  let reloading: Promise<void> | undefined;
  let isAway = false;

  function open(prices: readonly PriceRow[], comparisons: readonly ComparisonRow[]): PriceBook {
    const entries = prices.map((row) => ({ ...row, effectiveFrom: row.effectiveFrom.getTime() }));
    return createPriceBook({ entries, comparisons, findBaseUrl });
  }

  async function reload(): Promise<void> {
    const turn = ++begun;
    const { prices, comparisons } = await store.load();
    if (turn < taken) return;
    taken = turn;
    book = open(prices, comparisons);
  }

  async function tend(): Promise<void> {
    try {
      await reload();
      isAway = false;
    } catch (err) {
      if (!isAway) log.warn({ err }, "Cannot read the prices; those known so far are used");
      isAway = true;
    }
  }

  await reload();
  const timer = setInterval(() => {
    reloading ??= tend().finally(() => (reloading = undefined));
  }, reloadEveryMs);
  timer.unref();
  return {
    priceOf: (question) => book.priceOf(question),
    cloudPriceOf: (question) => book.cloudPriceOf(question),
    explain(question) {
      const price = book.priceOf(question);
      const isOwn = price !== listed.priceOf(question);
      const usual = question.tier === "cloud" ? "list" : "worker";
      return {
        price: price ?? null,
        from: price === undefined ? "unknown" : isOwn ? "own" : usual,
        cloudPrice: book.cloudPriceOf(question) ?? null,
        cloudModel: book.cloudModelOf(question) ?? null,
      };
    },
    reload,
    async close() {
      clearInterval(timer);
      await reloading;
    },
  };
}
