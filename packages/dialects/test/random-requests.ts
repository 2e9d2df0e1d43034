// Random requests for the laws of the dialects, each restricted to what its format carries.

import fc from "fast-check";
import {
  reasoningSummaries,
  serviceTiers,
  verbosities,
  type AssistantPart,
  type ChatMessage,
  type ChatRequest,
  type DialectName,
  type ToolDefinition,
  type UserPart,
} from "@auxot/wire/chat";
import { defaultTraits, type ModelTraits } from "@auxot/wire/model-traits";
import { buildCustomParameters, flattenToolName } from "../src/fitting/tool-kinds.ts";
import { callPart, json, name, reasoningPart, record, text, textPart } from "./arbitraries.ts";

const option = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** A model that takes every word its format has. */
export function lawTraits(dialect: DialectName): ModelTraits {
  const generous = { ...defaultTraits, verbosity: true, promptCacheKey: true, serviceTier: true };
  return dialect === "anthropic-messages"
    ? { ...generous, thinking: "adaptive", efforts: ["low", "high", "max"] }
    : generous;
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

const effort = fc.constantFrom("none" as const, "low" as const, "high" as const);
const penalty = option(fc.constantFrom(-2, 0, 0.5));

/** What each format carries: it gives back its own reasoning in a history, and has words the others lack. */
export function requests(dialect: DialectName): fc.Arbitrary<ChatRequest> {
  switch (dialect) {
    case "openai-chat":
      return extend(commonRequests(fc.oneof(unsignedReasoning, signedReasoning)), {
        topK: option(fc.nat(50)),
        seed: option(fc.integer()),
        frequencyPenalty: penalty,
        presencePenalty: penalty,
        verbosity: option(fc.constantFrom(...verbosities)),
        serviceTier: option(fc.constantFrom(...serviceTiers)),
        promptCacheKey: option(name),
        reasoning: option(record({ effort })),
      });
    case "anthropic-messages":
      return extend(commonRequests(signedReasoning), {
        topK: option(fc.nat(50)),
        serviceTier: option(fc.constantFrom("auto" as const, "default" as const)),
        reasoning: option(
          fc.oneof(
            fc.constant({ effort: "none" as const }),
            record({ adaptive: fc.constant(true as const), effort: fc.constantFrom("low" as const, "max" as const) }),
            fc.constantFrom(
              { adaptive: true as const, hidden: true as const },
              { adaptive: true as const, summary: "auto" as const },
            ),
          ),
        ),
      })
        .map(strictFormat)
        .map(markAndFail);
    case "openai-responses":
      return extend(fc.tuple(commonRequests(encryptedReasoning), specialTools, text).map(addSpecialTools), {
        frequencyPenalty: penalty,
        presencePenalty: penalty,
        verbosity: option(fc.constantFrom(...verbosities)),
        serviceTier: option(fc.constantFrom(...serviceTiers)),
        promptCacheKey: option(name),
        reasoning: option(
          fc.oneof(record({ effort }), record({ effort, summary: fc.constantFrom(...reasoningSummaries) })),
        ),
      });
  }
}

/** Fields that are undefined are left out. */
function extend(
  base: fc.Arbitrary<ChatRequest>,
  fields: { readonly [Name in keyof ChatRequest]?: fc.Arbitrary<ChatRequest[Name] | undefined> },
): fc.Arbitrary<ChatRequest> {
  return fc.tuple(base, fc.record(fields, { noNullPrototype: true })).map(([request, more]) => {
    const given = Object.entries(more).filter(([, value]) => value !== undefined);
    return { ...request, ...Object.fromEntries(given) };
  });
}

/** Anthropic's output format is always strict. */
function strictFormat({ responseFormat: format, ...request }: ChatRequest): ChatRequest {
  if (format === undefined) return request;
  return { ...request, responseFormat: format.type === "json-schema" ? { ...format, strict: true } : format };
}

/** Anthropic's own marks: a cached system prompt, and results that are errors. */
function markAndFail(request: ChatRequest): ChatRequest {
  const messages = request.messages.map((message): ChatMessage => {
    if (message.role === "tool") return { ...message, isError: true };
    if (message.role !== "system") return message;
    const cacheControl = { type: "ephemeral", ttl: "1h" } as const;
    return { ...message, content: message.content.map((part) => ({ ...part, cacheControl })) };
  });
  return { ...request, messages };
}

function addSpecialTools([common, special, input]: readonly [ChatRequest, ToolDefinition[], string]): ChatRequest {
  const { stop: _, ...request } = common;
  const calls = special.flatMap((tool, at) => callSpecialTool(tool, `call_${at}`, input));
  const plain = request.tools.map((tool) => ({ ...tool, strict: tool.strict ?? false }));
  return { ...request, messages: [...request.messages, ...calls], tools: [...plain, ...special] };
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
