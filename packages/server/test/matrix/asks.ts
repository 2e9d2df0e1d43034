// The six questions of the matrix test as each vendor's reference has them written. They ask for the same, so that what
// a source gets does not depend on who asked.

import type { DialectName } from "@auxot/wire/chat";
import { answerSchema, clockSchema, pixel, weatherSchema, type AskName } from "./scenarios.ts";

/** A request's fields without `model` and `stream`. */
export type Ask = Readonly<Record<string, unknown>>;
type Asks = Readonly<Record<AskName, Ask>>;

export const texts = {
  system: "Be brief.",
  hello: "Say hello to Ulm.",
  weather: "Weather and time in Ulm?",
  looking: "Looking.",
  radar: "The radar:",
  noon: "12:00",
  deep: "What is the answer?",
};
const dataUri = `data:image/png;base64,${pixel}`;

const chatTools = [
  { type: "function", function: { name: "weather", description: "The weather", parameters: weatherSchema } },
  { type: "function", function: { name: "clock", description: "The time", parameters: clockSchema } },
];
const chatAsks: Asks = {
  text: {
    messages: [
      { role: "system", content: texts.system },
      { role: "user", content: texts.hello },
    ],
    max_completion_tokens: 500,
  },
  tools: {
    messages: [{ role: "user", content: texts.weather }],
    tools: chatTools.slice(0, 1),
    tool_choice: { type: "function", function: { name: "weather" } },
    parallel_tool_calls: false,
    max_completion_tokens: 500,
  },
  parallel: {
    messages: [{ role: "user", content: texts.weather }],
    tools: chatTools,
    tool_choice: "auto",
    parallel_tool_calls: true,
    max_completion_tokens: 500,
  },
  results: {
    messages: [
      { role: "user", content: texts.weather },
      {
        role: "assistant",
        content: texts.looking,
        tool_calls: [
          { id: "call_a1", type: "function", function: { name: "weather", arguments: '{"city":"Ulm"}' } },
          { id: "call_b2", type: "function", function: { name: "clock", arguments: '{"zone":"CET"}' } },
        ],
      },
      {
        role: "tool",
        tool_call_id: "call_a1",
        content: [
          { type: "text", text: texts.radar },
          { type: "image_url", image_url: { url: dataUri } },
        ],
      },
      { role: "tool", tool_call_id: "call_b2", content: texts.noon },
    ],
    tools: chatTools,
    max_completion_tokens: 500,
  },
  reasoning: {
    messages: [{ role: "user", content: texts.deep }],
    reasoning_effort: "medium",
    max_completion_tokens: 16_000,
  },
  structured: {
    messages: [{ role: "user", content: texts.weather }],
    response_format: { type: "json_schema", json_schema: { name: "answer", schema: answerSchema } },
    max_completion_tokens: 500,
  },
};

const responsesTools = [
  { type: "function", name: "weather", description: "The weather", parameters: weatherSchema, strict: false },
  { type: "function", name: "clock", description: "The time", parameters: clockSchema, strict: false },
];
const responsesAsks: Asks = {
  text: { instructions: texts.system, input: texts.hello, max_output_tokens: 500 },
  tools: {
    input: texts.weather,
    tools: responsesTools.slice(0, 1),
    tool_choice: { type: "function", name: "weather" },
    parallel_tool_calls: false,
    max_output_tokens: 500,
  },
  parallel: {
    input: texts.weather,
    tools: responsesTools,
    tool_choice: "auto",
    parallel_tool_calls: true,
    max_output_tokens: 500,
  },
  results: {
    input: [
      { role: "user", content: texts.weather },
      {
        type: "message",
        id: "msg_68a1f2c0",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: texts.looking, annotations: [] }],
      },
      { type: "function_call", call_id: "call_a1", name: "weather", arguments: '{"city":"Ulm"}' },
      { type: "function_call", call_id: "call_b2", name: "clock", arguments: '{"zone":"CET"}' },
      {
        type: "function_call_output",
        call_id: "call_a1",
        output: [
          { type: "input_text", text: texts.radar },
          { type: "input_image", image_url: dataUri },
        ],
      },
      { type: "function_call_output", call_id: "call_b2", output: texts.noon },
    ],
    tools: responsesTools,
    max_output_tokens: 500,
  },
  reasoning: {
    input: texts.deep,
    reasoning: { effort: "medium", summary: "auto" },
    include: ["reasoning.encrypted_content"],
    max_output_tokens: 16_000,
  },
  structured: {
    input: texts.weather,
    text: { format: { type: "json_schema", name: "answer", schema: answerSchema } },
    max_output_tokens: 500,
  },
};

const messagesTools = [
  { name: "weather", description: "The weather", input_schema: weatherSchema },
  { name: "clock", description: "The time", input_schema: clockSchema },
];
const messagesAsks: Asks = {
  text: { system: texts.system, messages: [{ role: "user", content: texts.hello }], max_tokens: 500 },
  tools: {
    messages: [{ role: "user", content: texts.weather }],
    tools: messagesTools.slice(0, 1),
    tool_choice: { type: "tool", name: "weather", disable_parallel_tool_use: true },
    max_tokens: 500,
  },
  parallel: {
    messages: [{ role: "user", content: texts.weather }],
    tools: messagesTools,
    tool_choice: { type: "auto", disable_parallel_tool_use: false },
    max_tokens: 500,
  },
  results: {
    messages: [
      { role: "user", content: texts.weather },
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
          { type: "tool_result", tool_use_id: "call_b2", content: texts.noon },
        ],
      },
    ],
    tools: messagesTools,
    max_tokens: 500,
  },
  reasoning: {
    messages: [{ role: "user", content: texts.deep }],
    thinking: { type: "enabled", budget_tokens: 4096 },
    max_tokens: 16_000,
  },
  structured: {
    messages: [{ role: "user", content: texts.weather }],
    output_config: { format: { type: "json_schema", schema: answerSchema } },
    max_tokens: 500,
  },
};

export const asks: Readonly<Record<DialectName, Asks>> = {
  "openai-chat": chatAsks,
  "openai-responses": responsesAsks,
  "anthropic-messages": messagesAsks,
};
