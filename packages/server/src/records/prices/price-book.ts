// Which price is true of an answer: the organisation's own entries over the vendored list, by model, provider and time. Pure.

import { freePrice, type Price } from "@auxot/wire/price";
import { findCloudPrice, findListPrice } from "../../models/find-list-price.ts";
import { listModelIds } from "../../models/normalize-id.ts";
import type { PriceOf, PriceQuestion } from "../../platform/price-of.ts";

/** A price of the organisation's own. */
export type PriceEntry = {
  readonly id: string;
  /** What the provider calls it, or the beginning of it and `*`. In small letters. */
  readonly model: string;
  /** The name of a provider; null: every cloud provider. */
  readonly provider: string | null;
  readonly price: Price;
  /** Of requests that began then (ms since 1970) or later, until the next entry of the same model and provider. */
  readonly effectiveFrom: number;
};

/** What the answers of local models are compared with. */
export type Comparison = {
  /** As in `PriceEntry`. */
  readonly model: string;
  /** The cloud model whose price counts; null: nothing is compared. */
  readonly cloudModel: string | null;
};

export type PriceBook = {
  readonly priceOf: PriceOf;
  /** What the same tokens would have cost in the cloud; only workers' answers are compared. */
  cloudPriceOf(question: PriceQuestion): Price | undefined;
  /** The cloud model whose price that is; also one that was chosen and has no price. */
  cloudModelOf(question: PriceQuestion): string | undefined;
};

export type PriceBookDeps = {
  readonly entries: readonly PriceEntry[];
  readonly comparisons: readonly Comparison[];
  /** Where a cloud provider is. */
  findBaseUrl(provider: string): string | undefined;
};

const maxRemembered = 5000;

/** Throws nothing. No two entries may have the same model, provider and time. */
export function createPriceBook({ entries, comparisons, findBaseUrl }: PriceBookDeps): PriceBook {
  const ordered = entries.toSorted(compareEntries);
  const orderedComparisons = comparisons.toSorted((a, b) => compareModels(a.model, b.model));
  /** By provider and model; which entries fit does not change with the time. */
  const priced = remember((provider: string, model: string, isCloud: boolean): Candidates => {
    const list = isCloud ? findListPrice(model, findBaseUrl(provider) ?? "") : freePrice;
    return { own: findFitting(model, provider, isCloud), list };
  });
  const compared = remember((_provider: string, model: string): Candidates => {
    const cloudModel = findCompared(model, model);
    if (cloudModel === null) return { own: [], list: undefined };
    return { own: findFitting(cloudModel, null, true), list: findCloudPrice(cloudModel) };
  });

  /** null: nothing is compared. */
  function findCompared(model: string, usual: string | null): string | null {
    const ids = listSpellings(model);
    const chosen = orderedComparisons.find((comparison) => matches(comparison.model, ids));
    return chosen === undefined ? usual : chosen.cloudModel;
  }

  function findFitting(model: string, provider: string | null, isCloud: boolean): readonly PriceEntry[] {
    const ids = listSpellings(model);
    return ordered.filter(
      (entry) => (entry.provider === null ? isCloud : entry.provider === provider) && matches(entry.model, ids),
    );
  }

  return {
    priceOf: ({ provider, model, tier, at }) => findAt(priced(provider, model, tier === "cloud"), at),
    cloudPriceOf: ({ provider, model, tier, at }) =>
      tier === "cloud" ? undefined : findAt(compared(provider, model, false), at),
    cloudModelOf({ provider, model, tier, at }) {
      if (tier === "cloud") return undefined;
      const isPriced = findAt(compared(provider, model, false), at) !== undefined;
      return findCompared(model, isPriced ? model : null) ?? undefined;
    },
  };
}

/** Own entries that fit, the most telling and newest first, and what counts where none is in force. */
type Candidates = { readonly own: readonly PriceEntry[]; readonly list: Price | undefined };

function findAt({ own, list }: Candidates, at: number): Price | undefined {
  return own.find(({ effectiveFrom }) => effectiveFrom <= at)?.price ?? list;
}

function remember(find: (provider: string, model: string, isCloud: boolean) => Candidates): typeof find {
  const found = new Map<string, Candidates>();
  return (provider, model, isCloud) => {
    const key = `${isCloud ? "cloud" : "worker"} ${provider} ${model}`;
    const known = found.get(key);
    if (known !== undefined) return known;
    if (found.size >= maxRemembered) found.clear();
    const candidates = find(provider, model, isCloud);
    found.set(key, candidates);
    return candidates;
  };
}

/** Those of one provider first, then by model, then the newest. */
function compareEntries(a: PriceEntry, b: PriceEntry): number {
  const byProvider = Number(a.provider === null) - Number(b.provider === null);
  return byProvider || compareModels(a.model, b.model) || b.effectiveFrom - a.effectiveFrom;
}

/** Whole names before beginnings, longer beginnings before shorter ones. */
function compareModels(a: string, b: string): number {
  const byForm = Number(a.endsWith("*")) - Number(b.endsWith("*"));
  return byForm || b.length - a.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** As it is called, and as the model table calls it, so that a vendor before it or a date behind it does not matter. */
function listSpellings(model: string): readonly string[] {
  return [...new Set([model.toLowerCase(), ...listModelIds(model)])];
}

function matches(pattern: string, spellings: readonly string[]): boolean {
  if (!pattern.endsWith("*")) return spellings.includes(pattern);
  const beginning = pattern.slice(0, -1);
  return spellings.some((spelling) => spelling.startsWith(beginning));
}
