// Random answers and cuts for the laws of the dialects, each restricted to what both formats carry. Requests are in
// random-requests.ts.

import fc from "fast-check";
import type { AssistantPart, ChatResult, DialectName, TextPart } from "@auxot/wire/chat";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { AnswerMeta, StreamDecoder } from "../src/dialect.ts";
import { reasoningTokenPrefix } from "../src/reasoning-proof.ts";

/** Printed with every failure; AUXOT_TEST_SEED repeats a run. */
export const seed = Number(process.env["AUXOT_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

export function check<T>(arbitrary: fc.Arbitrary<T>, predicate: (value: T) => void, numRuns = 300): void {
  fc.assert(fc.property(arbitrary, predicate), { seed, numRuns });
}

export const meta: AnswerMeta = {
  id: "answer_1",
  createdAt: 1_790_000_000,
  model: "served-model",
  includeUsage: true,
  requestId: "req_1",
  request: {
    model: "asked-model",
    messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
    tools: [],
    stream: true,
  },
};

export const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

/** Text with everything that has broken encoders: quotes, line breaks, emoji, separators, words of the formats. */
const tricky = fc.constantFrom(
  '"',
  "\\",
  "\n",
  "\r\n",
  "😀",
  "é",
  "\u2028",
  "\u0000",
  "data: [DONE]",
  '"usage":{',
  "message_stop",
);
export const text = fc
  .array(fc.oneof(fc.string({ maxLength: 12 }), tricky), { minLength: 1, maxLength: 4 })
  .map((pieces) => `x${pieces.join("")}x`);
export const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
export const json = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,4}$/),
  fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text)),
  { maxKeys: 3, noNullPrototype: true },
);
const argumentsText = json.map((value) => JSON.stringify(value));
const count = fc.nat(5000);

const signature = name.map((tail) => `${reasoningTokenPrefix}${tail}`);
const sealedReasoning = fc.oneof(
  record({ type: fc.constant("reasoning" as const), text, signature }),
  record({ type: fc.constant("reasoning" as const), text: fc.constant(""), signature }),
);
export const reasoningPart = fc.oneof(
  sealedReasoning,
  record({ type: fc.constant("reasoning" as const), text: fc.constant(""), redacted: name }),
);
export const textPart = record({ type: fc.constant("text" as const), text });
export const callPart = record({
  type: fc.constant("tool-call" as const),
  id: fc.uuid(),
  name,
  arguments: argumentsText,
});

export const usage = fc.tuple(count, count, count, count, count).map(([fresh, cached, written, output, reasoning]) => ({
  inputTokens: fresh + cached + written,
  outputTokens: output,
  cachedInputTokens: cached,
  cacheWriteTokens: written,
  reasoningTokens: Math.min(output, reasoning),
}));

/** Reasoning, then at most one text, then calls: the order a whole OpenAI answer keeps. */
export const result: fc.Arbitrary<ChatResult> = record({
  reasoning: fc.array(sealedReasoning, { maxLength: 2 }),
  texts: fc.array(textPart, { maxLength: 1 }),
  calls: fc.array(callPart, { maxLength: 3 }),
  usage,
  stopReason: fc.constantFrom("stop" as const, "length" as const, "refusal" as const),
}).map(({ reasoning, texts, calls, usage, stopReason }) => ({
  model: meta.model,
  content: [...reasoning, ...texts, ...calls],
  stopReason: calls.length > 0 && stopReason === "stop" ? ("tool-calls" as const) : stopReason,
  usage,
}));

/** Texts as the format carries them: OpenAI's two name the pages they cite. */
export function results(dialect: DialectName): fc.Arbitrary<ChatResult> {
  if (dialect === "anthropic-messages") return result;
  return fc.tuple(result, fc.array(fc.tuple(name, fc.nat(), fc.nat()), { maxLength: 2 })).map(([answer, pages]) => ({
    ...answer,
    content: answer.content.map((part) => (part.type === "text" ? cite(part, pages) : part)),
  }));
}

function cite(part: TextPart, pages: readonly (readonly [page: string, from: number, to: number])[]): TextPart {
  const length = [...part.text].length;
  const citations = pages.map(([page, from, to]) => {
    const [start = 0, end = 0] = [from % length, to % length].toSorted((a, b) => a - b);
    return { url: `https://a.test/${page}`, title: page, start, end };
  });
  return citations.length === 0 ? part : { ...part, citations };
}

/** The events of an answer: deltas cut at random places, the calls interleaved. */
export function eventsOf(answer: ChatResult, random: () => number): ChatEvent[] {
  const events: ChatEvent[] = [{ type: "start", model: meta.model }];
  const calls: ChatEvent[][] = [];
  for (const [index, part] of answer.content.entries()) {
    const pieces = splitText(part.type === "tool-call" ? part.arguments : part.text, random);
    const block = blockEvents(part, index, pieces);
    if (part.type === "tool-call") calls.push(block);
    else events.push(...block);
  }
  // Starts in order of their index, everything else in any order.
  events.push(...calls.flatMap((call) => call.splice(0, 1)));
  while (calls.some((call) => call.length > 0))
    events.push(...(calls[Math.floor(random() * calls.length)]?.splice(0, 1) ?? []));
  if (answer.usage !== undefined) events.push({ type: "usage", usage: answer.usage });
  events.push({ type: "end", stopReason: answer.stopReason });
  return events;
}

function blockEvents(part: AssistantPart, index: number, pieces: readonly string[]): ChatEvent[] {
  switch (part.type) {
    case "text":
      return [
        { type: "text-start", index, ...(part.refusal ? { refusal: true } : {}) },
        ...pieces.map((piece): ChatEvent => ({ type: "text-delta", index, text: piece })),
        { type: "text-end", index, ...(part.citations === undefined ? {} : { citations: part.citations }) },
      ];
    case "reasoning":
      return [
        { type: "reasoning-start", index },
        ...pieces.map((piece): ChatEvent => ({ type: "reasoning-delta", index, text: piece })),
        {
          type: "reasoning-end",
          index,
          ...(part.signature === undefined ? {} : { signature: part.signature }),
          ...(part.redacted === undefined ? {} : { redacted: part.redacted }),
        },
      ];
    case "tool-call":
      return [
        { type: "tool-call-start", index, id: part.id, name: part.name },
        ...pieces.map((piece): ChatEvent => ({ type: "tool-call-delta", index, arguments: piece })),
        { type: "tool-call-end", index },
      ];
  }
}

function splitText(whole: string, random: () => number): string[] {
  const letters = [...whole];
  const pieces: string[] = [];
  while (letters.length > 0) pieces.push(letters.splice(0, 1 + Math.floor(random() * 8)).join(""));
  return pieces;
}

/** The same bytes in random pieces, within characters and frames too. */
export function splitBytes(bytes: Buffer, random: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + Math.floor(random() * 40);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** A repeatable stream of numbers from 0 to 1 (mulberry32). */
export const random = fc.integer().map((start) => {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
});

export function decodeAll(decoder: StreamDecoder, pieces: readonly Uint8Array[]): ChatEvent[] {
  return [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.finish()];
}
