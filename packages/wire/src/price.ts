// What tokens cost: the shape of a price and the one arithmetic that makes money of usage. Exact integers, no floats.

import { z } from "zod";
import type { Usage } from "./usage.ts";

/** $10,000 for a million tokens: more is a mistake in the unit. */
export const highestRate = 10_000_000_000;

const rateSchema = z.int().min(0).max(highestRate);

const tokenRates = {
  inputMicroUsd: rateSchema.describe("For a million tokens of input, in micro-dollars: 4000000 is $4."),
  cachedInputMicroUsd: rateSchema
    .exactOptional()
    .describe("For a million tokens read from a prompt cache; left out: as input."),
  cacheWriteMicroUsd: rateSchema
    .exactOptional()
    .describe("For a million tokens written to a prompt cache; left out: as input."),
  outputMicroUsd: rateSchema.describe("For a million tokens of output, reasoning included."),
};

/** Micro-dollars (a millionth of a dollar) for a million tokens, and for each request. */
export const priceSchema = z.strictObject({
  ...tokenRates,
  requestMicroUsd: rateSchema.exactOptional().describe("For each request besides."),
  /** For the whole of a request with more input tokens than this, ascending. */
  longInputs: z
    .array(z.strictObject({ aboveTokens: z.int().min(1), ...tokenRates }))
    .max(10)
    .refine((steps) => steps.every((step, at) => step.aboveTokens > (steps[at - 1]?.aboveTokens ?? 0)), {
      message: "must be in ascending order of aboveTokens",
    })
    .readonly()
    .exactOptional()
    .describe("Prices for the whole of a request with more input tokens than `aboveTokens`, ascending."),
});
export type Price = Readonly<z.infer<typeof priceSchema>>;

export const freePrice: Price = { inputMicroUsd: 0, outputMicroUsd: 0 };

/** What limits count for a cloud model whose price nobody knows: what the dearest common models cost. */
export const unknownPrice: Price = { inputMicroUsd: 15_000_000, outputMicroUsd: 75_000_000 };

const tokensOfRate = 1_000_000n;

/**
 * Micro-dollars of one answer, rounded half up to a whole one, once, over all its tokens. So the costs of n answers differ
 * from the cost of their sum by (n + 1) / 2 micro-dollars at most, while the same rates apply. Counts that contradict each
 * other are cut to what fits: cached tokens to the input, written ones to the rest of it.
 */
export function costOf(usage: Usage, price: Price): number {
  const input = toCount(usage.inputTokens);
  const cached = least(toCount(usage.cachedInputTokens), input);
  const written = least(toCount(usage.cacheWriteTokens), input - cached);
  const rates = price.longInputs?.findLast(({ aboveTokens }) => input > BigInt(aboveTokens)) ?? price;
  const { inputMicroUsd, cachedInputMicroUsd = inputMicroUsd, cacheWriteMicroUsd = inputMicroUsd } = rates;
  const sum =
    (input - cached - written) * BigInt(inputMicroUsd) +
    cached * BigInt(cachedInputMicroUsd) +
    written * BigInt(cacheWriteMicroUsd) +
    toCount(usage.outputTokens) * BigInt(rates.outputMicroUsd);
  const cost = (sum + tokensOfRate / 2n) / tokensOfRate + BigInt(price.requestMicroUsd ?? 0);
  return Number(least(cost, BigInt(Number.MAX_SAFE_INTEGER)));
}

function toCount(tokens: number): bigint {
  return Number.isFinite(tokens) && tokens > 0 ? BigInt(Math.round(tokens)) : 0n;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
