// The words of embeddings: texts in, one vector each out. A request of its own, because nothing of a chat is in it.

import type { RequestOriginal } from "./chat.ts";

/** A text, or the ids of its tokens in the model's own vocabulary. Neither is empty. */
export type EmbedInput = string | readonly number[];

export const encodingFormats = ["float", "base64"] as const;

export type EmbedRequest = {
  /** As the caller wrote it: an id, an alias, `provider/model` or `auto`. */
  readonly model: string;
  /** From 1 to `maxEmbedInputs`. */
  readonly input: readonly EmbedInput[];
  /** Shorter vectors than the model's own: cut, and brought to length 1 again. */
  readonly dimensions?: number;
  /** How the caller wants the vectors written; not sent to workers as such. */
  readonly encodingFormat: (typeof encodingFormats)[number];
  readonly endUser?: string;
  /** Top-level fields these words do not carry, by name. Kept where bytes pass, reported elsewhere. */
  readonly unknownFields?: readonly string[];
  readonly original?: RequestOriginal;
};

/** OpenAI's own bound. */
export const maxEmbedInputs = 2048;

/**
 * Vectors of the next inputs in order, as they become ready. A vector is base64 of its little-endian 32-bit floats, which
 * is half as long as its numbers in JSON and what OpenAI's clients ask for. `inputTokens` are those of these inputs.
 */
export type EmbedPart = { readonly vectors: readonly string[]; readonly inputTokens: number };

/** A whole answer: one vector for each input. */
export type EmbedResult = {
  /** The source's own name of the model. */
  readonly model?: string;
  readonly vectors: readonly string[];
  /** Absent when the source did not say. */
  readonly inputTokens?: number;
};
