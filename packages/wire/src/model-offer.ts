// What a model can do and where it can run now. Workers announce offers; the router adds tier and provider.

import { z } from "zod";

export const tiers = ["gpu", "cli", "cloud"] as const;
/** Where a request goes first: gpu before cli before cloud. */
export type Tier = (typeof tiers)[number];

export const modelAbilitiesSchema = z.object({
  tools: z.boolean(),
  images: z.boolean(),
  reasoning: z.boolean(),
  /** It makes embeddings, and does not chat. */
  embeddings: z.boolean().exactOptional(),
  /** It can fill the gap between a text and a suffix. */
  infill: z.boolean().exactOptional(),
});
export type ModelAbilities = z.infer<typeof modelAbilitiesSchema>;

export const modelOfferSchema = z.object({
  /** Concrete id, unique on the worker; no "/" at its ends. */
  model: z.string().min(1).max(200),
  aliases: z.array(z.string().min(1).max(200)).max(50).default([]),
  abilities: modelAbilitiesSchema,
  /** Prompt and answer together, in tokens; of an embedding model the longest input. Absent when unknown. */
  contextTokens: z.int().positive().optional(),
  /** Length of an embedding model's vectors. Absent when unknown, and for models that chat. */
  dimensions: z.int().positive().exactOptional(),
  /** Jobs it runs at once; each is one credit the router may spend. */
  slots: z.int().positive().max(1024),
  /** Milliseconds since 1970: it can run again then, e.g. when a subscription's window begins anew. Absent: it can run now. */
  restsUntil: z.number().nonnegative().exactOptional(),
  /** The share of what it may use (a subscription's window) that is used. Absent: nothing limits it. */
  load: z.number().min(0).max(1).exactOptional(),
  /** One line for people, e.g. "demo model: fixed replies". */
  description: z.string().max(500).optional(),
});
/** A model a worker can run now. */
export type ModelOffer = z.infer<typeof modelOfferSchema>;

/** Whether a model of this name makes embeddings, as far as a name can tell: where a source does not say it. */
export function isEmbeddingName(model: string): boolean {
  return /embed/i.test(model);
}
