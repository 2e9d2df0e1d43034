// What a request may cost before it is known: tokens and money of the dearest place it may go to. Pure.

import { matchesPattern, type LimitMeasure } from "@auxot/wire/limit";
import type { Tier } from "@auxot/wire/model-offer";
import { costOf as priceUsage, unknownPrice } from "@auxot/wire/price";
import { noUsage, type Usage } from "@auxot/wire/usage";

/** Where a request may be answered. An offer is one. */
export type Candidate = {
  readonly tier: Tier;
  readonly provider: string;
  readonly model: string;
  readonly traits?: { readonly maxOutputTokens?: number };
};

/** Micro-dollars of `usage` there, by the prices of `at` (ms since 1970; now, when left out); undefined when no price is known. */
export type CostOf = (
  place: Pick<Candidate, "tier" | "provider" | "model">,
  usage: Usage,
  at?: number,
) => number | undefined;

/** What admission must know of a request. */
export type Demand = {
  /** All places the request may go to now. */
  readonly candidates: readonly Candidate[];
  readonly inputTokens: number;
  /** As the caller bounds it; undefined: it does not. */
  readonly maxOutputTokens: number | undefined;
  /** How many answers at once. */
  readonly answers: number;
};

/** Reserved for an answer whose length nobody bounds: it may become longer, and costs what it costs then. */
export const unboundedOutputTokens = 4096;

/** How much of a measure the request may use, at most over the candidates that match the pattern. 0: nothing of it counts. */
export function estimate(
  measure: LimitMeasure,
  pattern: string | null,
  demand: Demand,
  candidates: readonly Candidate[],
  costOf: CostOf,
): number {
  let most = 0;
  for (const candidate of candidates) {
    if (pattern !== null && !matchesPattern(pattern, candidate)) continue;
    if (measure === "requests" || measure === "concurrency") return 1;
    most = Math.max(most, measureUsage(measure, candidate, estimateUsage(demand, candidate), costOf));
  }
  return most;
}

/** What an answer counts for in a measure. `usage` undefined: none came. */
export function measureUsage(
  measure: LimitMeasure,
  place: Pick<Candidate, "tier" | "provider" | "model">,
  usage: Usage | undefined,
  costOf: CostOf,
): number {
  if (measure === "requests") return 1;
  if (measure === "concurrency" || usage === undefined) return 0;
  return measure === "tokens"
    ? Math.round(usage.inputTokens + usage.outputTokens)
    : (costOf(place, usage) ?? guessCost(place, usage));
}

/** Own hardware and subscriptions cost nothing unless somebody gives them a price. */
function guessCost({ tier }: Pick<Candidate, "tier">, usage: Usage): number {
  return tier === "cloud" ? priceUsage(usage, unknownPrice) : 0;
}

function estimateUsage({ inputTokens, maxOutputTokens, answers }: Demand, { traits }: Candidate): Usage {
  const most = traits?.maxOutputTokens ?? Number.POSITIVE_INFINITY;
  const outputTokens = Math.min(maxOutputTokens ?? unboundedOutputTokens, most) * answers;
  return { ...noUsage, inputTokens, outputTokens };
}
