// Makes the demo model: a tiny real GGUF whose replies are known exactly. No file access.
//
// Why it works. Every token has a fixed random code of +1 and -1 (its embedding row). The attention and feed-forward outputs
// are all zero, so whatever the prompt, the last hidden state is the code of the last token; RMSNorm leaves it alone
// because its mean square is 1. Row j of the output matrix is the sum of the codes of the tokens that j follows, so the
// right successor gets a logit of dimension x gain and all others only noise: the model is a table "token -> next token".
// Query, key and value are random: the arithmetic and the KV cache are real.
//
// A script is cut into chunks that are unique in the vocabulary; one chunk is one token. The chat template ends the
// prompt with one control token that picks the script, so anything Jinja can see can steer the answer.

import { createByteVocabulary, createSeededRandom, padVocabulary, spaceMark, tokenTypes } from "./byte-vocabulary.ts";
import type { Vocabulary } from "./byte-vocabulary.ts";
import { writeGguf, type GgufTensor, type GgufValue } from "./gguf-writer.ts";

/** What each script says. `loop` starts again at its end and never stops by itself. */
export const demoScripts = {
  reply:
    "Hello from Auxot! This is the bundled demo model, so every answer is this sentence. " +
    "Start with --model FILE.gguf to use a real one.",
  tool: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
  final: "It is sunny there, says that tool.",
  think: "<think>\nHmm, let me see.\n</think>\n\nDone thinking!",
  loop: "one two three four five six seven eight nine ten ",
  json: '{"answer": 42}',
  infill: "return first + second;",
} as const;

export const demoContextTokens = 65_536;

/** Around the text before a gap and the text behind it, as models of code have them. */
const infillTokens = { prefix: "<|fim_prefix|>", suffix: "<|fim_suffix|>", middle: "<|fim_middle|>" } as const;

type ScriptName = keyof typeof demoScripts;
/** The id of the token that follows each token. `weight` below 1: only where a grammar forbids what follows else. */
type Successor = { readonly from: number; readonly to: number; readonly weight: number };

const dimension = 128;
// One layer with one narrow head: 64 bytes of KV cache a token, so that a context of 65,536 tokens costs little.
const headWidth = 16;
const feedForward = 32;
const gain = 0.5;

/** The bytes of the demo model's GGUF file, the same at each call. */
export function makeScriptModel(): Buffer {
  const vocabulary = createByteVocabulary();
  const successors = addScripts(vocabulary);
  padVocabulary(vocabulary);
  const size = vocabulary.tokens.length;
  const random = createSeededRandom(1);
  const codes = Float32Array.from({ length: size * dimension }, () => (random() < 0.5 ? -1 : 1));
  const output = new Float32Array(size * dimension);
  for (const { from, to, weight } of successors) {
    for (let d = 0; d < dimension; d++) {
      const code = codes[from * dimension + d] ?? 0;
      output[to * dimension + d] = (output[to * dimension + d] ?? 0) + gain * weight * code;
    }
  }
  return writeGguf(createMetadata(vocabulary), createTensors(size, codes, output, random));
}

/** What fills a gap begins where the model is told to fill it. */
function nameStart(name: ScriptName): string {
  return name === "infill" ? infillTokens.middle : `<|${name}|>`;
}

function addScripts(vocabulary: Vocabulary): Successor[] {
  const names = Object.keys(demoScripts) as ScriptName[];
  const starts = names.map((name) => vocabulary.add(nameStart(name), tokenTypes.control));
  for (const token of [infillTokens.prefix, infillTokens.suffix]) vocabulary.add(token, tokenTypes.control);
  const end = 2;
  const successors: Successor[] = [];
  for (const [i, name] of names.entries()) {
    let previous = starts[i] ?? 0;
    let first: number | undefined;
    for (const chunk of cutIntoUniqueChunks(demoScripts[name], vocabulary)) {
      const id = vocabulary.add(chunk, tokenTypes.normal, -2 - vocabulary.tokens.length * 1e-3);
      successors.push({ from: previous, to: id, weight: 1 });
      // The end of a string in somebody else's JSON.
      if (chunk.includes('"') && first !== undefined)
        successors.push({ from: previous, to: idOfByte('"'), weight: 0.6 });
      first ??= id;
      previous = id;
    }
    const next = name === "loop" ? first : undefined;
    successors.push({ from: previous, to: next ?? end, weight: 1 });
    if (next === undefined) successors.push({ from: previous, to: idOfByte('"'), weight: 0.6 });
  }
  return [...successors, ...closeJson()];
}

/** Under a caller's schema every value ends soon, or strings and lists would go on until the context is full. */
function closeJson(): Successor[] {
  const closers = ["]", "}"].map((closer, i) => ({ to: idOfByte(closer), weight: i === 0 ? 0.7 : 0.6 }));
  const afterValues = [...'"0123456789el]}'].flatMap((sign) => closers.map((c) => ({ from: idOfByte(sign), ...c })));
  const empty = [
    { from: idOfByte('"'), to: idOfByte('"'), weight: 1 },
    { from: idOfByte("["), to: idOfByte("]"), weight: 1 },
  ];
  return [...afterValues, ...empty];
}

/** The vocabulary begins with three tokens and the bytes. */
function idOfByte(sign: string): number {
  return 3 + sign.charCodeAt(0);
}

/**
 * Words with the space before them, or runs of signs; a piece that is already a token takes in its neighbour. So does a
 * piece of two characters: the tokenizer builds longer tokens from pairs, so without any pair in the vocabulary it reads
 * every input byte as one token.
 */
function cutIntoUniqueChunks(script: string, vocabulary: Vocabulary): string[] {
  const pieces =
    script
      .replaceAll(" ", spaceMark)
      .match(/[\u2581\s]*[\p{L}\p{N}_]+|[\u2581\s]*[^\p{L}\p{N}_\s\u2581]+|[\u2581\s]+/gu) ?? [];
  const chunks: string[] = [];
  const isFree = (text: string): boolean =>
    text !== "" && text.length !== 2 && !vocabulary.idOf.has(text) && !chunks.includes(text);
  let open = "";
  for (const piece of pieces) {
    open += piece;
    if (!isFree(open)) continue;
    chunks.push(open);
    open = "";
  }
  while (open !== "") {
    const last = chunks.pop();
    if (last === undefined) throw new Error(`The script ${JSON.stringify(script)} cannot be cut into unique chunks.`);
    open = last + open;
    if (!isFree(open)) continue;
    chunks.push(open);
    open = "";
  }
  return chunks;
}

function createTensors(size: number, codes: Float32Array, output: Float32Array, random: () => number): GgufTensor[] {
  const noise = (length: number): Float32Array => Float32Array.from({ length }, () => (random() - 0.5) * 0.1);
  return [
    matrix("token_embd.weight", dimension, size, codes),
    norm("blk.0.attn_norm.weight"),
    matrix("blk.0.attn_q.weight", dimension, headWidth, noise(dimension * headWidth)),
    matrix("blk.0.attn_k.weight", dimension, headWidth, noise(dimension * headWidth)),
    matrix("blk.0.attn_v.weight", dimension, headWidth, noise(dimension * headWidth)),
    matrix("blk.0.attn_output.weight", headWidth, dimension, new Float32Array(headWidth * dimension)),
    norm("blk.0.ffn_norm.weight"),
    matrix("blk.0.ffn_gate.weight", dimension, feedForward, noise(dimension * feedForward)),
    matrix("blk.0.ffn_up.weight", dimension, feedForward, noise(dimension * feedForward)),
    matrix("blk.0.ffn_down.weight", feedForward, dimension, new Float32Array(feedForward * dimension)),
    norm("output_norm.weight"),
    matrix("output.weight", dimension, size, output),
  ];
}

function matrix(name: string, columns: number, rows: number, data: Float32Array): GgufTensor {
  return { name, shape: [columns, rows], type: "f16", data };
}

function norm(name: string): GgufTensor {
  return { name, shape: [dimension], type: "f32", data: new Float32Array(dimension).fill(1) };
}

function createMetadata(vocabulary: Vocabulary): Record<string, GgufValue> {
  return {
    "general.architecture": { type: "text", value: "llama" },
    "general.name": { type: "text", value: "auxot-demo" },
    "general.file_type": { type: "u32", value: 1 },
    "llama.vocab_size": { type: "u32", value: vocabulary.tokens.length },
    "llama.context_length": { type: "u32", value: demoContextTokens },
    "llama.embedding_length": { type: "u32", value: dimension },
    "llama.block_count": { type: "u32", value: 1 },
    "llama.feed_forward_length": { type: "u32", value: feedForward },
    "llama.attention.head_count": { type: "u32", value: 1 },
    "llama.attention.head_count_kv": { type: "u32", value: 1 },
    "llama.attention.key_length": { type: "u32", value: headWidth },
    "llama.attention.value_length": { type: "u32", value: headWidth },
    "llama.attention.layer_norm_rms_epsilon": { type: "f32", value: 1e-5 },
    "llama.rope.dimension_count": { type: "u32", value: headWidth },
    "llama.rope.freq_base": { type: "f32", value: 10_000 },
    ...vocabulary.metadata(),
    ...Object.fromEntries(
      Object.entries({ pre: infillTokens.prefix, suf: infillTokens.suffix, mid: infillTokens.middle }).map(
        ([name, token]) => [
          `tokenizer.ggml.fim_${name}_token_id`,
          { type: "u32" as const, value: vocabulary.idOf.get(token) ?? 0 },
        ],
      ),
    ),
    "tokenizer.chat_template": { type: "text", value: chatTemplate },
  };
}

const chatTemplate = `{%- if tools %}<|im_start|>system
# Tools
{% for t in tools %}{{ t | tojson }}
{% endfor %}For each call write <tool_call>
{"name": NAME, "arguments": ARGS}
</tool_call><|im_end|>
{% endif %}{%- for m in messages %}
{%- if m.role == 'tool' %}<|im_start|>user
<tool_response>
{{ m.content }}
</tool_response><|im_end|>
{% elif m.role == 'assistant' and m.tool_calls %}<|im_start|>assistant
{% if m.content %}{{ m.content }}{% endif %}{% for c in m.tool_calls %}<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% else %}<|im_start|>{{ m.role }}
{% if m.reasoning_content %}<think>
{{ m.reasoning_content }}
</think>

{% endif %}{{ m.content }}<|im_end|>
{% endif %}{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% set ns = namespace(weather=false) %}{% if tools %}{% for t in tools %}{% if t.function.name == 'get_weather' %}{% set ns.weather = true %}{% endif %}{% endfor %}{% endif %}
{%- set last = messages[-1] %}{% if last.role == 'tool' %}<|final|>{% elif ns.weather %}<|tool|>{% elif 'LOOP' in last.content %}<|loop|>{% elif 'THINK' in last.content %}<|think|>{% elif 'JSON' in last.content %}<|json|>{% else %}<|reply|>{% endif %}{% endif %}`;
