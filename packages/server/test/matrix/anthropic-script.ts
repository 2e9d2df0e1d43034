// Anthropic's Messages, as https://platform.claude.com/docs/en/api/messages and /streaming show them.

import type { DialectName } from "@auxot/wire/chat";
import { texts } from "./asks.ts";
import {
  answerSchema,
  clockSchema,
  pixel,
  proof,
  reasons,
  tokens,
  weatherSchema,
  type AskName,
  type Scenario,
} from "./scenarios.ts";
import { writeEvent, type Fields, type VendorScript } from "./vendor-script.ts";

const stopReasons = { stop: "end_turn", length: "max_tokens", "tool-calls": "tool_use", refusal: "refusal" } as const;
const cacheWrite = 2;

/** `input_tokens` leaves out what the cache read and wrote. */
const inputUsage = {
  input_tokens: tokens.input - tokens.cached - cacheWrite,
  cache_creation_input_tokens: cacheWrite,
  cache_read_input_tokens: tokens.cached,
  cache_creation: { ephemeral_5m_input_tokens: cacheWrite, ephemeral_1h_input_tokens: 0 },
  service_tier: "standard",
};

function writeUsage(scenario: Scenario): object {
  const details = reasons(scenario) ? { output_tokens_details: { thinking_tokens: tokens.reasoning } } : {};
  return { ...inputUsage, output_tokens: tokens.output, ...details };
}

const head = {
  id: "msg_01XFDUDYJgAACzvnptvVoYEL",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5-20250929",
};

function writeAnswer(scenario: Scenario): string {
  const body = JSON.stringify({
    ...head,
    content: [
      ...(reasons(scenario) ? [{ type: "thinking", thinking: scenario.reasoning.join(""), signature: proof }] : []),
      ...(scenario.text.length === 0 ? [] : [{ type: "text", text: scenario.text.join("") }]),
      ...scenario.calls.map(({ id, name, pieces }) => {
        return { type: "tool_use", id, name, input: JSON.parse(pieces.join("")) as unknown };
      }),
    ],
    stop_reason: stopReasons[scenario.stop],
    stop_sequence: null,
    usage: writeUsage(scenario),
  });
  return scenario.failure === undefined ? body : body.slice(0, 150);
}

function writeStream(scenario: Scenario): string {
  let index = 0;
  const block = (contentBlock: object, deltas: readonly object[]): string =>
    writeEvent("content_block_start", { index, content_block: contentBlock }) +
    deltas.map((delta) => writeEvent("content_block_delta", { index, delta })).join("") +
    writeEvent("content_block_stop", { index: index++ });
  const empty = { content: [], stop_reason: null, stop_sequence: null, usage: { ...inputUsage, output_tokens: 1 } };
  let bytes = writeEvent("message_start", { message: { ...head, ...empty } }) + writeEvent("ping", {});
  if (reasons(scenario)) {
    const thoughts = scenario.reasoning.map((thinking) => ({ type: "thinking_delta", thinking }));
    const signature = { type: "signature_delta", signature: proof };
    bytes += block({ type: "thinking", thinking: "", signature: "" }, [...thoughts, signature]);
  }
  if (scenario.text.length > 0) {
    const deltas = scenario.text.map((text) => ({ type: "text_delta", text }));
    if (scenario.failure === "inside") return bytes + writeBroken(deltas);
    bytes += block({ type: "text", text: "" }, deltas);
  }
  for (const { id, name, pieces } of scenario.calls) {
    const deltas = ["", ...pieces].map((piece) => ({ type: "input_json_delta", partial_json: piece }));
    bytes += block({ type: "tool_use", id, name, input: {} }, deltas);
  }
  const delta = { stop_reason: stopReasons[scenario.stop], stop_sequence: null };
  return bytes + writeEvent("message_delta", { delta, usage: writeUsage(scenario) }) + writeEvent("message_stop", {});
}

/** A block that never ends, because the service is overloaded. */
function writeBroken(deltas: readonly object[]): string {
  return (
    writeEvent("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
    deltas.map((delta) => writeEvent("content_block_delta", { index: 0, delta })).join("") +
    writeEvent("error", { error: { type: "overloaded_error", message: "Overloaded" }, request_id: "req_011CSHoEeqs5" })
  );
}

function say(text: string): Fields {
  return { messages: [{ role: "user", content: [{ type: "text", text }] }], max_tokens: 500 };
}

function expectRequest(ask: AskName, caller: DialectName): Fields {
  const strict = caller === "openai-responses" ? { strict: false } : {};
  const weather = { name: "weather", description: "The weather", input_schema: weatherSchema, ...strict };
  const clock = { name: "clock", description: "The time", input_schema: clockSchema, ...strict };
  switch (ask) {
    case "text":
      return { ...say(texts.hello), system: [{ type: "text", text: texts.system }] };
    case "tools":
      return {
        ...say(texts.weather),
        tools: [weather],
        tool_choice: { type: "tool", name: "weather", disable_parallel_tool_use: true },
      };
    case "parallel":
      return { ...say(texts.weather), tools: [weather, clock], tool_choice: { type: "auto" } };
    case "results":
      return { ...say(""), messages: resultTurns, tools: [weather, clock] };
    case "reasoning":
      // No effort but a budget on this model: at least 1024, and below max_tokens.
      return { ...say(texts.deep), max_tokens: 16_000, thinking: { type: "enabled", budget_tokens: 8000 } };
    case "structured":
      return { ...say(texts.weather), output_config: { format: { type: "json_schema", schema: answerSchema } } };
  }
}

const resultTurns = [
  { role: "user", content: [{ type: "text", text: texts.weather }] },
  {
    role: "assistant",
    content: [
      { type: "text", text: texts.looking },
      { type: "tool_use", id: "call_a1", name: "weather", input: { city: "Ulm" } },
      { type: "tool_use", id: "call_b2", name: "clock", input: { zone: "CET" } },
    ],
  },
  {
    role: "user",
    content: [
      {
        type: "tool_result",
        tool_use_id: "call_a1",
        content: [
          { type: "text", text: texts.radar },
          { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
        ],
      },
      { type: "tool_result", tool_use_id: "call_b2", content: [{ type: "text", text: texts.noon }] },
    ],
  },
];

export const anthropicScript: VendorScript = {
  dialect: "anthropic-messages",
  model: "claude-sonnet-4-5",
  writeAnswer,
  writeStream,
  cuts: { stream: false, whole: true },
  refusals: {
    "context-full": {
      status: 400,
      body: '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210034 tokens > 200000 maximum"},"request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}',
    },
    "rate-limit": {
      status: 429,
      body: '{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit of 30,000 input tokens per minute."},"request_id":"req_011CSHoEeqs5C35K2UUqR7Fz"}',
    },
  },
  usageOf: (scenario) => ({
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cachedInputTokens: tokens.cached,
    cacheWriteTokens: cacheWrite,
    reasoningTokens: reasons(scenario) ? tokens.reasoning : 0,
  }),
  expectRequest,
  insideMessage: { stream: /Overloaded/, whole: /broke off/ },
};
