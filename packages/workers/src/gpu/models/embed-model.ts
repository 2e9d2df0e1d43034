// Makes the demo embedding model: a tiny real GGUF of BERT's architecture whose vectors are known. No file access.
//
// Why it works. The vocabulary is every letter, digit and sign and every pair of letters, at the beginning of a word and
// inside it, so that a word is cut into pairs. Each of these tokens has a fixed random code of +1 and -1 (its embedding
// row). Positions, attention and feed-forward outputs are all zero, so the last layer still holds each token's own code,
// and the mean over the text is its bag of letter pairs: the same text has the same vector, texts that share words are
// near each other, and texts that share none are at a right angle, nearly. Query, key and value are random: the arithmetic
// is real. [CLS] and [SEP] are zero, as they are in every text.

import { createSeededRandom, spaceMark, tokenTypes } from "./byte-vocabulary.ts";
import { writeGguf, type GgufTensor, type GgufValue } from "./gguf-writer.ts";

/** Of the demo embedding model. `contextTokens` counts [CLS] and [SEP] too. */
export const demoEmbedding = { dimensions: 128, contextTokens: 512 } as const;

const { dimensions, contextTokens } = demoEmbedding;
const feedForward = 32;
const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const signs = [..."0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];
const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;
const idOf = (special: (typeof specialTokens)[number]): number => specialTokens.indexOf(special);

/** The bytes of the demo embedding model's GGUF file, the same at each call. */
export function makeEmbedModel(): Buffer {
  const pairs = letters.flatMap((first) => letters.map((second) => first + second));
  const pieces = [...letters, ...signs, ...pairs];
  const tokens = [...specialTokens, ...pieces.map((piece) => spaceMark + piece), ...pieces];
  const random = createSeededRandom(3);
  const codes = Float32Array.from({ length: tokens.length * dimensions }, () => (random() < 0.5 ? -1 : 1));
  codes.fill(0, 0, specialTokens.length * dimensions);
  // Text of other scripts reads as [UNK], which has a code as well: no vector is zero.
  for (let d = 0; d < dimensions; d++) codes[idOf("[UNK]") * dimensions + d] = d % 2 === 0 ? 1 : -1;
  return writeGguf(createMetadata(tokens), createTensors(tokens.length, codes, random));
}

function createTensors(size: number, codes: Float32Array, random: () => number): GgufTensor[] {
  const noise = (length: number): Float32Array => Float32Array.from({ length }, () => (random() - 0.5) * 0.1);
  return [
    matrix("token_embd.weight", dimensions, size, codes),
    // llama.cpp adds these two to 32-bit numbers, and only to such.
    zeros("token_types.weight", dimensions, 2),
    zeros("position_embd.weight", dimensions, contextTokens),
    ...norm("token_embd_norm"),
    ...["attn_q", "attn_k", "attn_v"].flatMap((name) => [
      matrix(`blk.0.${name}.weight`, dimensions, dimensions, noise(dimensions * dimensions)),
      vector(`blk.0.${name}.bias`, dimensions, 0),
    ]),
    matrix("blk.0.attn_output.weight", dimensions, dimensions, new Float32Array(dimensions * dimensions)),
    vector("blk.0.attn_output.bias", dimensions, 0),
    ...norm("blk.0.attn_output_norm"),
    matrix("blk.0.ffn_up.weight", dimensions, feedForward, noise(dimensions * feedForward)),
    vector("blk.0.ffn_up.bias", feedForward, 0),
    matrix("blk.0.ffn_down.weight", feedForward, dimensions, new Float32Array(feedForward * dimensions)),
    vector("blk.0.ffn_down.bias", dimensions, 0),
    ...norm("blk.0.layer_output_norm"),
  ];
}

function matrix(name: string, columns: number, rows: number, data: Float32Array): GgufTensor {
  return { name, shape: [columns, rows], type: "f16", data };
}

function zeros(name: string, columns: number, rows: number): GgufTensor {
  return { name, shape: [columns, rows], type: "f32", data: new Float32Array(columns * rows) };
}

function vector(name: string, length: number, value: number): GgufTensor {
  return { name, shape: [length], type: "f32", data: new Float32Array(length).fill(value) };
}

function norm(name: string): GgufTensor[] {
  return [vector(`${name}.weight`, dimensions, 1), vector(`${name}.bias`, dimensions, 0)];
}

function createMetadata(tokens: readonly string[]): Record<string, GgufValue> {
  const types: number[] = tokens.map((_, id) => (id < specialTokens.length ? tokenTypes.control : tokenTypes.normal));
  types[idOf("[UNK]")] = tokenTypes.unknown;
  return {
    "general.architecture": { type: "text", value: "bert" },
    "general.name": { type: "text", value: "auxot-embed" },
    "general.file_type": { type: "u32", value: 1 },
    "bert.vocab_size": { type: "u32", value: tokens.length },
    "bert.context_length": { type: "u32", value: contextTokens },
    "bert.embedding_length": { type: "u32", value: dimensions },
    "bert.block_count": { type: "u32", value: 1 },
    "bert.feed_forward_length": { type: "u32", value: feedForward },
    "bert.attention.head_count": { type: "u32", value: 2 },
    "bert.attention.layer_norm_epsilon": { type: "f32", value: 1e-12 },
    "bert.attention.causal": { type: "bool", value: false },
    // Mean, in llama.cpp's enumeration.
    "bert.pooling_type": { type: "u32", value: 1 },
    "tokenizer.ggml.model": { type: "text", value: "bert" },
    "tokenizer.ggml.pre": { type: "text", value: "default" },
    "tokenizer.ggml.tokens": { type: "texts", value: tokens },
    "tokenizer.ggml.scores": { type: "f32s", value: tokens.map(() => 0) },
    "tokenizer.ggml.token_type": { type: "i32s", value: types },
    "tokenizer.ggml.token_type_count": { type: "u32", value: 2 },
    "tokenizer.ggml.unknown_token_id": { type: "u32", value: idOf("[UNK]") },
    // llama.cpp's own spelling.
    "tokenizer.ggml.seperator_token_id": { type: "u32", value: idOf("[SEP]") },
    "tokenizer.ggml.padding_token_id": { type: "u32", value: idOf("[PAD]") },
    "tokenizer.ggml.cls_token_id": { type: "u32", value: idOf("[CLS]") },
    "tokenizer.ggml.bos_token_id": { type: "u32", value: idOf("[CLS]") },
    "tokenizer.ggml.mask_token_id": { type: "u32", value: idOf("[MASK]") },
  };
}
