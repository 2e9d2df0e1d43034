// A GPU worker of the matrix test: the events of a scenario in real frames, and the request it is to get.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { DialectName } from "@auxot/wire/chat";
import type { ErrorBody } from "@auxot/wire/errors";
import type { ModelOffer } from "@auxot/wire/model-offer";
import type { Usage } from "@auxot/wire/usage";
import type { FakeJob } from "../harness/fake-worker.ts";
import { texts } from "./asks.ts";
import {
  answerSchema,
  clockSchema,
  pixel,
  reasons,
  tokens,
  weatherSchema,
  type AskName,
  type Scenario,
  strictFor,
} from "./scenarios.ts";
import type { Fields } from "./vendor-script.ts";

export const workerOffer: ModelOffer = {
  model: "qwen3-vl-8b",
  aliases: [],
  abilities: { tools: true, images: true, reasoning: true },
  contextTokens: 32_768,
  slots: 1,
};

const failures: Readonly<Record<NonNullable<Scenario["failure"]>, ErrorBody>> = {
  "context-full": { code: "context_length_exceeded", message: "The prompt has 40960 tokens, the context 32768." },
  "rate-limit": { code: "rate_limited", message: "The engine takes no more requests.", retryAfterMs: 7000 },
  inside: { code: "source_failed", message: "The engine broke." },
};

export const workerInsideMessage = /The engine broke/;

export function workerUsage(scenario: Scenario): Usage {
  return {
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cachedInputTokens: tokens.cached,
    cacheWriteTokens: 0,
    reasoningTokens: reasons(scenario) ? tokens.reasoning : 0,
  };
}

/** Sends the scenario's events, a frame an event, and frees the slot. */
export function playJob(scenario: Scenario, job: FakeJob): void {
  const { failure } = scenario;
  if (failure === "context-full" || failure === "rate-limit") return job.done(failures[failure]);
  for (const event of listEvents(scenario)) job.send(event);
  if (failure !== undefined) return job.done(failures[failure]);
  job.send({ type: "usage", usage: workerUsage(scenario) });
  job.send({ type: "end", stopReason: scenario.stop === "refusal" ? "stop" : scenario.stop });
  job.done();
}

/** Parallel calls interleave: only a worker can say so. */
function listEvents(scenario: Scenario): ChatEvent[] {
  const events: ChatEvent[] = [{ type: "start", model: workerOffer.model }];
  let index = 0;
  if (reasons(scenario)) {
    events.push({ type: "reasoning-start", index });
    for (const text of scenario.reasoning) events.push({ type: "reasoning-delta", index, text });
    events.push({ type: "reasoning-end", index: index++ });
  }
  if (scenario.text.length > 0) {
    events.push({ type: "text-start", index, ...(scenario.stop === "refusal" ? { refusal: true } : {}) });
    for (const text of scenario.text) events.push({ type: "text-delta", index, text });
    if (scenario.failure === undefined) events.push({ type: "text-end", index: index++ });
  }
  const calls = scenario.calls.map((call, at) => ({ ...call, index: index + at }));
  for (const call of calls) events.push({ type: "tool-call-start", index: call.index, id: call.id, name: call.name });
  for (let piece = 0; piece < 2; piece++) {
    for (const call of calls) {
      const text = call.pieces[piece];
      if (text !== undefined) events.push({ type: "tool-call-delta", index: call.index, arguments: text });
    }
  }
  for (const call of calls) events.push({ type: "tool-call-end", index: call.index });
  return events;
}

function text(value: string): readonly object[] {
  return [{ type: "text", text: value }];
}

function say(value: string): Fields {
  return { messages: [{ role: "user", content: text(value) }], tools: [], maxOutputTokens: 500 };
}

/** The request in canonical words, `model`, `stream` and `includeUsage` left out. */
export function expectJobRequest(ask: AskName, caller: DialectName): Fields {
  const strict = caller === "openai-responses" ? { strict: false } : {};
  const weather = { name: "weather", description: "The weather", parameters: weatherSchema, ...strict };
  const clock = { name: "clock", description: "The time", parameters: clockSchema, ...strict };
  switch (ask) {
    case "text":
      return {
        ...say(""),
        messages: [
          { role: "system", content: text(texts.system) },
          { role: "user", content: text(texts.hello) },
        ],
      };
    case "tools":
      return {
        ...say(texts.weather),
        tools: [weather],
        toolChoice: { type: "tool", name: "weather" },
        parallelToolCalls: false,
      };
    case "parallel":
      return {
        ...say(texts.weather),
        tools: [weather, clock],
        toolChoice: { type: "auto" },
        parallelToolCalls: true,
      };
    case "results":
      return { ...say(""), messages: resultMessages, tools: [weather, clock] };
    case "reasoning":
      return { ...say(texts.deep), maxOutputTokens: 16_000, reasoning: reasoningOf[caller] };
    case "structured":
      return {
        ...say(texts.weather),
        responseFormat: { type: "json-schema", name: "answer", schema: answerSchema, ...strictFor(caller) },
      };
  }
}

const reasoningOf: Readonly<Record<DialectName, object>> = {
  "openai-chat": { effort: "medium" },
  "openai-responses": { effort: "medium", summary: "auto" },
  "anthropic-messages": { budgetTokens: 4096 },
};

const resultMessages = [
  { role: "user", content: [{ type: "text", text: texts.weather }] },
  {
    role: "assistant",
    content: [
      { type: "text", text: texts.looking },
      { type: "tool-call", id: "call_a1", name: "weather", arguments: '{"city":"Ulm"}' },
      { type: "tool-call", id: "call_b2", name: "clock", arguments: '{"zone":"CET"}' },
    ],
  },
  {
    role: "tool",
    callId: "call_a1",
    content: [
      { type: "text", text: texts.radar },
      { type: "image", source: { type: "base64", mediaType: "image/png", data: pixel } },
    ],
  },
  { role: "tool", callId: "call_b2", content: [{ type: "text", text: texts.noon }] },
];
