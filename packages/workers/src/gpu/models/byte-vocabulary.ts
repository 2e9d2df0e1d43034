// The part of the vocabulary both demo models share: every byte is a token, so any text can be read and counted.

import type { GgufValue } from "./gguf-writer.ts";

/** llama.cpp's token types, as the GGUF array `tokenizer.ggml.token_type` holds them. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

/** SentencePiece writes a space as this character. */
export const spaceMark = "\u2581";

export const endToken = "<|im_end|>";
export const startToken = "<|im_start|>";

export type Vocabulary = {
  readonly tokens: string[];
  readonly idOf: Map<string, number>;
  /** Returns the new token's id; throws when the text is already a token. */
  add(text: string, type: number, score?: number): number;
  metadata(): Record<string, GgufValue>;
};

/** Tokens 0 `<unk>`, 1 `<s>`, 2 `<|im_end|>` (the end of an answer), 256 bytes, the space, `<|im_start|>`. */
export function createByteVocabulary(): Vocabulary {
  const tokens: string[] = [];
  const types: number[] = [];
  const scores: number[] = [];
  const idOf = new Map<string, number>();
  function add(text: string, type: number, score = 0): number {
    if (idOf.has(text)) throw new Error(`The token ${JSON.stringify(text)} is there already.`);
    const id = tokens.length;
    idOf.set(text, id);
    tokens.push(text);
    types.push(type);
    scores.push(score);
    return id;
  }
  add("<unk>", tokenTypes.unknown);
  add("<s>", tokenTypes.control);
  add(endToken, tokenTypes.control);
  for (let byte = 0; byte < 256; byte++) {
    add(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`, tokenTypes.byte);
  }
  add(spaceMark, tokenTypes.normal, -1);
  add(startToken, tokenTypes.control);
  return {
    tokens,
    idOf,
    add,
    metadata: () => ({
      "tokenizer.ggml.model": { type: "text", value: "llama" },
      "tokenizer.ggml.pre": { type: "text", value: "default" },
      "tokenizer.ggml.tokens": { type: "texts", value: tokens },
      "tokenizer.ggml.scores": { type: "f32s", value: scores },
      "tokenizer.ggml.token_type": { type: "i32s", value: types },
      "tokenizer.ggml.bos_token_id": { type: "u32", value: 1 },
      "tokenizer.ggml.eos_token_id": { type: "u32", value: 2 },
      "tokenizer.ggml.unknown_token_id": { type: "u32", value: 0 },
      "tokenizer.ggml.add_bos_token": { type: "bool", value: false },
      "tokenizer.ggml.add_eos_token": { type: "bool", value: false },
      "tokenizer.ggml.add_space_prefix": { type: "bool", value: false },
    }),
  };
}

/** Fills up to a multiple of 32 with control tokens nobody writes, as matrix rows are stored in blocks. */
export function padVocabulary(vocabulary: Vocabulary): void {
  while (vocabulary.tokens.length % 32 !== 0) vocabulary.add(`<|pad${vocabulary.tokens.length}|>`, tokenTypes.control);
}

/** Numbers in [0, 1) that depend on the seed only (mulberry32). */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
