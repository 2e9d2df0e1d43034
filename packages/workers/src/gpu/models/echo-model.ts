// Makes the echo model: a tiny real GGUF that repeats the last user message byte for byte, then ends. No file access.
//
// Why it works: it is an induction head with weights set by hand. The residual stream is cut into slots of `codeWidth`
// numbers that hold token codes of +1 and -1:
//   embedding  slot CURRENT = the token's code, slot ONE = 1.
//   layer 0    head h attends to the token h places back. Query and key are constant, the key turned by h steps of RoPE
//              (the tensor rope_freqs.weight sets each pair's frequency freely), so only position counts. It copies that
//              token's code into slot PAST(h).
//   layer 1    head 0 compares (CURRENT, PAST(1) ..) here with (PAST(1), PAST(2) ..) there, in dimensions that RoPE leaves
//              alone: it finds the place whose preceding tokens equal the last ones, and copies that place's token to NEXT.
//   output     logits = NEXT . code: the next token is the one that followed the same tokens before.
// The template frames the last user message <|a|><|b|><|c|>TEXT<|im_end|> and ends the prompt with <|a|><|b|><|c|>, so the
// copy begins at TEXT and ends with <|im_end|>, the end of the answer. A text in which `reach` bytes occur twice may jump.

import { createByteVocabulary, createSeededRandom, padVocabulary, tokenTypes } from "./byte-vocabulary.ts";
import { writeGguf, type GgufTensor, type GgufValue, type TensorType } from "./gguf-writer.ts";

const reach = 6;
const codeWidth = 40;
const ropePairs = 24;
const contextTokens = 4096;
const ropeBase = 10_000;
const feedForward = 32;
const headWidth = alignTo32(reach * codeWidth + 2 * ropePairs);
const allHeadsWidth = reach * headWidth;
const slotOfPast = (distance: number): number => distance * codeWidth;
const slotCurrent = 0;
const slotNext = (reach + 1) * codeWidth;
const slotOne = (reach + 2) * codeWidth;
const dimension = alignTo32(slotOne + 1);

/** Row-major: `rows` outputs of `columns` inputs. */
type Matrix = { readonly columns: number; readonly rows: number; readonly data: Float32Array };
type Layer = { readonly query: Matrix; readonly key: Matrix; readonly value: Matrix; readonly output: Matrix };

/**
 * The bytes of the echo model's GGUF file, the same at each call. What it writes is what `template` frames: another one
 * than its own can put any answer together from the conversation.
 */
export function makeEchoModel(template: string = echoTemplate): Buffer {
  const vocabulary = createByteVocabulary();
  for (const marker of ["<|a|>", "<|b|>", "<|c|>"]) vocabulary.add(marker, tokenTypes.control);
  padVocabulary(vocabulary);
  const size = vocabulary.tokens.length;
  const random = createSeededRandom(7);
  const codes = drawDistinctCodes(size, random);
  const angles = Array.from({ length: ropePairs }, () => 0.1 + 2.9 * random());
  const embedding = createMatrix(dimension, size);
  const output = createMatrix(dimension, size);
  for (const [token, code] of codes.entries()) {
    embedding.data.set(code, token * dimension + slotCurrent);
    embedding.data[token * dimension + slotOne] = 1;
    output.data.set(
      code.map((value) => 1.5 * value),
      token * dimension + slotNext,
    );
  }
  const metadata: Record<string, GgufValue> = {
    ...createArchitecture(size),
    ...vocabulary.metadata(),
    "tokenizer.chat_template": { type: "text", value: template },
  };
  return writeGguf(
    metadata,
    createTensors(embedding, output, [createLookBackLayer(angles), createMatchLayer()], angles),
  );
}

/** Codes of which no two are too alike; the limit loosens when no further one is found. */
function drawDistinctCodes(count: number, random: () => number): Float32Array[] {
  const codes: Float32Array[] = [];
  let limit = Math.floor(codeWidth * 0.45);
  while (codes.length < count) {
    let found: Float32Array | undefined;
    for (let attempt = 0; attempt < 400 && found === undefined; attempt++) {
      const code = Float32Array.from({ length: codeWidth }, () => (random() < 0.5 ? -1 : 1));
      if (codes.every((other) => Math.abs(multiply(other, code)) <= limit)) found = code;
    }
    if (found === undefined) limit++;
    else codes.push(found);
  }
  return codes;
}

function createLookBackLayer(angles: readonly number[]): Layer {
  const layer = createLayer();
  // RMSNorm multiplies by this here, because codeWidth + 1 slots hold +1 or -1 and the rest zero.
  const normGain = Math.sqrt(dimension / (codeWidth + 1));
  // Makes the right position win by a logit margin of about 40.
  const amplitude = Math.sqrt((40 * Math.sqrt(headWidth)) / (ropePairs * 0.45)) / normGain;
  for (let distance = 1; distance <= reach; distance++) {
    const head = (distance - 1) * headWidth;
    for (const [pair, angle] of angles.entries()) {
      set(layer.query, head + 2 * pair, slotOne, amplitude);
      set(layer.key, head + 2 * pair, slotOne, amplitude * Math.cos(distance * angle));
      set(layer.key, head + 2 * pair + 1, slotOne, amplitude * Math.sin(distance * angle));
    }
    for (let d = 0; d < codeWidth; d++) {
      set(layer.value, head + d, slotCurrent + d, 1 / normGain);
      set(layer.output, slotOfPast(distance) + d, head + d, 1);
    }
  }
  return layer;
}

function createMatchLayer(): Layer {
  const layer = createLayer();
  const normGain = Math.sqrt(dimension / ((reach + 1) * codeWidth + 1));
  // Each token that matches is worth 30 in the logit.
  const amplitude = Math.sqrt((30 * Math.sqrt(headWidth)) / codeWidth) / normGain;
  for (let distance = 0; distance < reach; distance++) {
    for (let d = 0; d < codeWidth; d++) {
      const row = 2 * ropePairs + distance * codeWidth + d;
      set(layer.query, row, (distance === 0 ? slotCurrent : slotOfPast(distance)) + d, amplitude);
      set(layer.key, row, slotOfPast(distance + 1) + d, amplitude);
    }
  }
  for (let d = 0; d < codeWidth; d++) {
    set(layer.value, d, slotCurrent + d, 1 / normGain);
    set(layer.output, slotNext + d, d, 1);
  }
  return layer;
}

function createTensors(
  embedding: Matrix,
  output: Matrix,
  layers: readonly Layer[],
  angles: readonly number[],
): GgufTensor[] {
  // llama.cpp divides pair i's frequency base^(-2i/width) by this: the first pairs turn by our angles, the rest stand still.
  const frequencies = Float32Array.from({ length: headWidth / 2 }, (_, i) => {
    const angle = angles[i];
    return angle === undefined ? 1e20 : ropeBase ** ((-2 * i) / headWidth) / angle;
  });
  return [
    matrix("token_embd.weight", embedding, "f16"),
    { name: "rope_freqs.weight", shape: [headWidth / 2], type: "f32", data: frequencies },
    ...layers.flatMap((layer, i) => [
      norm(`blk.${i}.attn_norm.weight`),
      matrix(`blk.${i}.attn_q.weight`, layer.query, "q4_0"),
      matrix(`blk.${i}.attn_k.weight`, layer.key, "q4_0"),
      matrix(`blk.${i}.attn_v.weight`, layer.value, "q4_0"),
      matrix(`blk.${i}.attn_output.weight`, layer.output, "q4_0"),
      norm(`blk.${i}.ffn_norm.weight`),
      matrix(`blk.${i}.ffn_gate.weight`, createMatrix(dimension, feedForward), "q4_0"),
      matrix(`blk.${i}.ffn_up.weight`, createMatrix(dimension, feedForward), "q4_0"),
      matrix(`blk.${i}.ffn_down.weight`, createMatrix(feedForward, dimension), "q4_0"),
    ]),
    norm("output_norm.weight"),
    matrix("output.weight", output, "f16"),
  ];
}

function matrix(name: string, { columns, rows, data }: Matrix, type: TensorType): GgufTensor {
  return { name, shape: [columns, rows], type, data };
}

function norm(name: string): GgufTensor {
  return { name, shape: [dimension], type: "f32", data: new Float32Array(dimension).fill(1) };
}

function createArchitecture(vocabularySize: number): Record<string, GgufValue> {
  return {
    "general.architecture": { type: "text", value: "llama" },
    "general.name": { type: "text", value: "auxot-echo" },
    "general.file_type": { type: "u32", value: 1 },
    "llama.vocab_size": { type: "u32", value: vocabularySize },
    "llama.context_length": { type: "u32", value: contextTokens },
    "llama.embedding_length": { type: "u32", value: dimension },
    "llama.block_count": { type: "u32", value: 2 },
    "llama.feed_forward_length": { type: "u32", value: feedForward },
    "llama.attention.head_count": { type: "u32", value: reach },
    "llama.attention.head_count_kv": { type: "u32", value: reach },
    "llama.attention.key_length": { type: "u32", value: headWidth },
    "llama.attention.value_length": { type: "u32", value: headWidth },
    "llama.attention.layer_norm_rms_epsilon": { type: "f32", value: 1e-6 },
    "llama.rope.dimension_count": { type: "u32", value: headWidth },
    "llama.rope.freq_base": { type: "f32", value: ropeBase },
  };
}

function createLayer(): Layer {
  return {
    query: createMatrix(dimension, allHeadsWidth),
    key: createMatrix(dimension, allHeadsWidth),
    value: createMatrix(dimension, allHeadsWidth),
    output: createMatrix(allHeadsWidth, dimension),
  };
}

function createMatrix(columns: number, rows: number): Matrix {
  return { columns, rows, data: new Float32Array(columns * rows) };
}

function set(matrix: Matrix, row: number, column: number, value: number): void {
  matrix.data[row * matrix.columns + column] = value;
}

function multiply(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function alignTo32(size: number): number {
  return Math.ceil(size / 32) * 32;
}

const echoTemplate = `{%- set ns = namespace(last=-1) %}{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}
{%- for m in messages %}{%- if loop.index0 == ns.last %}{{ '<|a|><|b|><|c|>' + m.content + '<|im_end|>' }}{%- else %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' }}{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{ '<|a|><|b|><|c|>' }}{%- endif %}`;
