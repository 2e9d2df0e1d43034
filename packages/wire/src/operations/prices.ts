// Declares the acts on prices: the organisation's own, and what local models are compared with.

import { z } from "zod";
import { tiers } from "../model-offer.ts";
import { priceSchema } from "../price.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { momentInput } from "./texts.ts";

const patternSchema = z
  .string()
  .trim()
  .toLowerCase()
  .min(1)
  .max(200)
  .regex(/^[^*]*\*?$/, "may have one * only, at its end");
const providerSchema = z.string().trim().min(1).max(100);

/** Micro-dollars for a million tokens, see `priceSchema`. */
export const priceEntrySchema = z.object({
  id: z.string(),
  /** What the provider calls the model, or the beginning of it and `*`. */
  model: z.string(),
  /** null: every cloud provider. */
  provider: z.string().nullable(),
  ...priceSchema.shape,
  /** Of requests that began then or later, until the next price of the same model and provider. */
  effectiveFrom: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  /** The id of whoever set it. */
  createdBy: z.string(),
  /** When it was removed or another price took its place; null: it is in use. */
  removedAt: z.iso.datetime().nullable(),
  removedBy: z.string().nullable(),
});
export type PriceEntryView = z.infer<typeof priceEntrySchema>;

const filters = {
  model: z.string().min(1).max(200).optional().describe("Only prices of this model."),
  provider: providerSchema.optional().describe("Only prices of this provider."),
};

export const listPrices = defineOperation({
  name: "prices.list",
  summary: "List the organisation's own prices that are in use, those of later dates included.",
  action: "prices.read",
  method: "GET",
  path: "/api/prices",
  input: pageInput(filters, ["model", "-model", "-effectiveFrom", "effectiveFrom"]),
  output: pageOf(priceEntrySchema),
});

export const listPriceHistory = defineOperation({
  name: "prices.history",
  summary: "List every price the organisation ever set, newest first, with who set and who removed it.",
  action: "prices.read",
  method: "GET",
  path: "/api/prices/history",
  input: pageInput(filters, ["-createdAt", "createdAt"]),
  output: pageOf(priceEntrySchema),
});

export const setPrice = defineOperation({
  name: "prices.set",
  summary:
    "Set what a model costs, from now or from a date on. Takes the place of a price for the same model, provider and date.",
  action: "prices.edit",
  method: "POST",
  path: "/api/prices",
  input: z.strictObject({
    model: patternSchema.describe("What the provider calls the model, or the beginning of it and *."),
    provider: providerSchema
      .optional()
      .describe("Left out: every cloud provider. Workers cost nothing unless theirs is named."),
    ...priceSchema.shape,
    effectiveFrom: momentInput.optional().describe("For requests that begin then or later; left out: from now on."),
  }),
  output: priceEntrySchema,
});

export const removePrice = defineOperation({
  name: "prices.remove",
  summary: "Remove one of the organisation's own prices. What was recorded by it stays as it is.",
  action: "prices.edit",
  method: "DELETE",
  path: "/api/prices/{id}",
  input: z.strictObject({ id: z.string().min(1) }),
  output: priceEntrySchema,
});

/** What a model costs, and what the same would cost in the cloud. */
export const effectivePriceSchema = z.object({
  /** null: nobody knows. */
  price: priceSchema.nullable(),
  /** `own`: set here; `list`: the vendored list; `worker`: workers cost nothing. */
  from: z.enum(["own", "list", "worker", "unknown"]),
  /** What the same tokens would have cost in the cloud; null for cloud providers, and with nothing to compare with. */
  cloudPrice: priceSchema.nullable(),
  /** The cloud model that a worker's is compared with; null as above. */
  cloudModel: z.string().nullable(),
});
export type EffectivePrice = z.infer<typeof effectivePriceSchema>;

export const findPrice = defineOperation({
  name: "prices.find",
  summary: "Say what a model costs at a provider at a time, and where that price comes from.",
  action: "prices.read",
  method: "GET",
  path: "/api/prices/effective",
  input: z.strictObject({
    model: z.string().min(1).max(200).describe("What the provider calls the model."),
    provider: providerSchema.describe("Its name, as in auxot.yaml."),
    at: momentInput.optional().describe("When; left out: now."),
  }),
  output: z.object({ tier: z.enum(tiers), ...effectivePriceSchema.shape }),
});

export const comparisonSchema = z.object({
  /** A local model, or the beginning of its name and `*`. */
  model: z.string(),
  /** null: nothing is compared. */
  cloudModel: z.string().nullable(),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
});
export type ComparisonView = z.infer<typeof comparisonSchema>;

export const listComparisons = defineOperation({
  name: "comparisons.list",
  summary: "List which cloud model's price the answers of local models are compared with.",
  action: "prices.read",
  method: "GET",
  path: "/api/price-comparisons",
  input: pageInput({}, ["model", "-model"]),
  output: pageOf(comparisonSchema),
});

export const setComparison = defineOperation({
  name: "comparisons.set",
  summary: "Choose the cloud model whose price counts as saved when a local model answers.",
  action: "prices.edit",
  method: "POST",
  path: "/api/price-comparisons",
  input: z.strictObject({
    model: patternSchema.describe("A local model, or the beginning of its name and *."),
    cloudModel: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .nullable()
      .describe("What it is compared with, such as gpt-4.1-mini; null: with nothing."),
  }),
  output: comparisonSchema,
});

export const removeComparison = defineOperation({
  name: "comparisons.remove",
  summary: "Go back to comparing a local model with the same model in the cloud.",
  action: "prices.edit",
  method: "DELETE",
  path: "/api/price-comparisons/{model}",
  input: z.strictObject({ model: z.string().min(1) }),
  output: comparisonSchema,
});
