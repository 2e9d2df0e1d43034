// Owns the word for asking what an answer would cost. Knows no storage.

import type { Tier } from "@auxot/wire/model-offer";
import type { Price } from "@auxot/wire/price";

/** `provider` is its name, `model` what the provider calls it, `at` when the request began (ms since 1970). */
export type PriceQuestion = {
  readonly provider: string;
  readonly model: string;
  readonly tier: Tier;
  readonly at: number;
};

/** Undefined: nobody knows. Answers from memory and never throws. */
export type PriceOf = (question: PriceQuestion) => Price | undefined;
