// Random requests, answers and cuts for the laws of the dialects, each restricted to what both formats carry.

import fc from "fast-check";
import type {
  AssistantPart,
  ChatMessage,
  ChatRequest,
  ChatResult,
  DialectName,
  ToolDefinition,
  UserPart,
} from "@auxot/wire/chat";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { AnswerMeta, StreamDecoder } from "../src/dialect.ts";
import { reasoningTokenPrefix } from "../src/reasoning-proof.ts";
import { buildCustomParameters, flattenToolName } from "../src/tool-kinds.ts";

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

const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
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
const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
const json = fc.dictionary(
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
const reasoningPart = fc.oneof(
  sealedReasoning,
  record({ type: fc.constant("reasoning" as const), text: fc.constant(""), redacted: name }),
);
const textPart = record({ type: fc.constant("text" as const), text });
const callPart = record({ type: fc.constant("tool-call" as const), id: fc.uuid(), name, arguments: argumentsText });

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
        { type: "text-start", index },
        ...pieces.map((piece): ChatEvent => ({ type: "text-delta", index, text: piece })),
        { type: "text-end", index },
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

const image: fc.Arbitrary<UserPart> = fc.constant({
  type: "image",
  source: { type: "base64", mediaType: "image/png", data: "iVBORw0KGgo=" },
});
const imageUrl: fc.Arbitrary<UserPart> = fc.constant({
  type: "image",
  source: { type: "url", url: "https://a.test/b.png" },
});
const pdf: fc.Arbitrary<UserPart> = text.map((title) => ({
  type: "document",
  source: { type: "base64", mediaType: "application/pdf", data: "JVBERg==" },
  name: title,
}));
const userParts = fc.oneof(
  textPart.map((part): UserPart[] => [part]),
  fc.tuple(image, textPart, pdf, imageUrl).map((parts): UserPart[] => parts),
);

/** An assistant turn with calls, their results and the next words of the user. */
function toolTurn(reasoning: readonly AssistantPart[], calls: readonly AssistantPart[], answer: string): ChatMessage[] {
  const results = calls.flatMap((call): ChatMessage[] =>
    call.type === "tool-call" ? [{ role: "tool", callId: call.id, content: [{ type: "text", text: answer }] }] : [],
  );
  return [{ role: "assistant", content: [...reasoning, { type: "text", text: answer }, ...calls] }, ...results];
}

const tools: fc.Arbitrary<ToolDefinition[]> = fc.uniqueArray(
  fc
    .tuple(name, fc.option(text, { nil: undefined }), json, fc.option(fc.boolean(), { nil: undefined }))
    .map(([toolName, description, extra, strict]) => ({
      name: toolName,
      ...(description === undefined ? {} : { description }),
      parameters: { type: "object", properties: {}, "x-note": extra, additionalProperties: false },
      ...(strict === undefined ? {} : { strict }),
    })),
  { maxLength: 3, selector: (tool) => tool.name },
);

const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** What each format carries: it gives back its own reasoning in a history, and has words the others lack. */
export function requests(dialect: DialectName): fc.Arbitrary<ChatRequest> {
  switch (dialect) {
    case "openai-chat":
      return commonRequests(fc.oneof(unsignedReasoning, signedReasoning));
    case "anthropic-messages":
      // Its output format is always strict.
      return commonRequests(signedReasoning).map(({ responseFormat: format, ...request }) =>
        format?.type === "json-schema" ? { ...request, responseFormat: { ...format, strict: true } } : request,
      );
    case "openai-responses":
      return fc
        .tuple(commonRequests(encryptedReasoning), specialTools, text, option(name))
        .map(([common, special, input, promptCacheKey]) => {
          const { stop: _, ...request } = common;
          const calls = special.flatMap((tool, at) => callSpecialTool(tool, `call_${at}`, input));
          const plain = request.tools.map((tool) => ({ ...tool, strict: tool.strict ?? false }));
          return {
            ...request,
            messages: [...request.messages, ...calls],
            tools: [...plain, ...special],
            ...(promptCacheKey === undefined ? {} : { promptCacheKey }),
          };
        });
  }
}

/** A custom tool with a grammar, and a namespace of a function and a custom tool. */
const specialTools: fc.Arbitrary<ToolDefinition[]> = fc
  .tuple(text, name, fc.boolean())
  .map(([definition, toolName, both]) => {
    const format = { type: "grammar", syntax: "lark", definition };
    const plain = { name: "patch", parameters: buildCustomParameters(format), custom: { format } };
    const description = "A server's tools";
    return [
      plain,
      { name: "lookup", parameters: { type: "object" }, strict: true },
      { ...plain, custom: {}, parameters: buildCustomParameters(undefined), name: "say" },
    ].flatMap((tool, at): ToolDefinition[] => {
      if (at === 0) return both ? [tool] : [];
      const namespace = { name: "mcp.server", toolName: `${toolName}${at}`, description };
      return [{ ...tool, name: flattenToolName(namespace.name, namespace.toolName), namespace }];
    });
  });

function callSpecialTool(tool: ToolDefinition, callId: string, input: string): ChatMessage[] {
  const call = { type: "tool-call", id: callId, name: tool.name, arguments: JSON.stringify({ input }) } as const;
  return [
    { role: "assistant", content: [call] },
    { role: "tool", callId, content: [{ type: "text", text: input }] },
  ];
}

function commonRequests(reasoning: fc.Arbitrary<AssistantPart[]>): fc.Arbitrary<ChatRequest> {
  const turns = fc.tuple(userParts, reasoning, fc.array(callPart, { minLength: 1, maxLength: 3 }), text);
  const messages = fc
    .tuple(fc.option(text, { nil: undefined }), fc.array(turns, { maxLength: 2 }), userParts)
    .map(([system, rounds, last]): ChatMessage[] => [
      ...(system === undefined ? [] : [{ role: "system", content: [{ type: "text", text: system }] } as const]),
      ...rounds.flatMap(([user, thoughts, calls, answer]): ChatMessage[] => [
        { role: "user", content: user },
        ...toolTurn(thoughts, calls, answer),
        { role: "assistant", content: [{ type: "text", text: answer }] },
      ]),
      { role: "user", content: last },
    ]);
  return record({
    messages,
    tools,
    maxOutputTokens: fc.integer({ min: 1, max: 4096 }),
    temperature: option(fc.constantFrom(0, 0.3, 1)),
    topP: option(fc.constantFrom(0.1, 1)),
    stop: option(fc.array(text, { minLength: 1, maxLength: 3 })),
    endUser: option(name),
    choice: option(fc.constantFrom({ type: "auto" as const }, { type: "required" as const })),
    serial: option(fc.constant(false)),
    schema: option(json.map((extra) => ({ type: "object", "x-note": extra, additionalProperties: false }))),
  }).map(({ choice, serial, schema, ...rest }) => {
    const fields = {
      ...rest,
      ...(rest.tools.length === 0 || choice === undefined ? {} : { toolChoice: choice }),
      ...(rest.tools.length === 0 || choice === undefined || serial === undefined ? {} : { parallelToolCalls: serial }),
      ...(schema === undefined ? {} : { responseFormat: { type: "json-schema" as const, name: "answer", schema } }),
    };
    const given = Object.fromEntries(
      Object.entries(fields).filter(([, value]) => value !== undefined),
    ) as typeof fields;
    return { ...given, model: "some-model", stream: false } as ChatRequest;
  });
}

const signedReasoning = fc.array(reasoningPart, { maxLength: 2 });
const unsignedReasoning = fc.array(
  text.map((thought): AssistantPart => ({ type: "reasoning", text: thought })),
  { maxLength: 1 },
);
/** An id and encrypted content, as a Responses upstream gives them. */
const encryptedReasoning = fc.array(
  fc.tuple(fc.oneof(text, fc.constant("")), name, name).map(([summary, id, encrypted]): AssistantPart => ({
    type: "reasoning",
    text: summary,
    signature: `rs_${id}:${encrypted}`,
  })),
  { maxLength: 2 },
);
