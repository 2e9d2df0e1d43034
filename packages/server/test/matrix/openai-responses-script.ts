// OpenAI's Responses, as https://platform.openai.com/docs/api-reference/responses and /responses-streaming show them.

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
  strictFor,
} from "./scenarios.ts";
import { writeEvent, type Fields, type VendorScript } from "./vendor-script.ts";

const failure = { code: "server_error", message: "The server had an error while processing your request." };

function writeUsage(scenario: Scenario): object {
  return {
    input_tokens: tokens.input,
    input_tokens_details: { cached_tokens: tokens.cached, cache_write_tokens: 0 },
    output_tokens: tokens.output,
    output_tokens_details: { reasoning_tokens: reasons(scenario) ? tokens.reasoning : 0 },
    total_tokens: tokens.input + tokens.output,
  };
}

function writeResponse(status: string, output: readonly object[], fields: object): object {
  return {
    id: "resp_68a1f2c7",
    object: "response",
    created_at: 1790000000,
    status,
    background: false,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    model: "gpt-5.1-2026-03-01",
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: "medium", summary: "auto" },
    safety_identifier: null,
    service_tier: "default",
    store: false,
    temperature: 1.0,
    text: { format: { type: "text" }, verbosity: "medium" },
    tool_choice: "auto",
    tools: [],
    top_logprobs: 0,
    top_p: 1.0,
    truncation: "disabled",
    usage: null,
    user: null,
    metadata: {},
    ...fields,
  };
}

const reasoningItem = { id: "rs_68a1f2c8", type: "reasoning" };
const messageItem = { id: "msg_68a1f2c9", type: "message", role: "assistant" };

function writePart(scenario: Scenario, text: string): object {
  return scenario.stop === "refusal"
    ? { type: "refusal", refusal: text }
    : { type: "output_text", annotations: [], logprobs: [], text };
}

function writeOutput(scenario: Scenario): object[] {
  const summary = [{ type: "summary_text", text: scenario.reasoning.join("") }];
  const status = scenario.stop === "length" ? "incomplete" : "completed";
  return [
    ...(reasons(scenario) ? [{ ...reasoningItem, encrypted_content: proof, summary }] : []),
    ...(scenario.text.length === 0
      ? []
      : [{ ...messageItem, status, content: [writePart(scenario, scenario.text.join(""))] }]),
    ...scenario.calls.map(({ id, name, pieces }) => {
      return { id: `fc_${id}`, type: "function_call", status, arguments: pieces.join(""), call_id: id, name };
    }),
  ];
}

function writeEnd(scenario: Scenario): { readonly status: string; readonly response: object } {
  const status = scenario.stop === "length" ? "incomplete" : "completed";
  const details = status === "incomplete" ? { incomplete_details: { reason: "max_output_tokens" } } : {};
  return {
    status,
    response: writeResponse(status, writeOutput(scenario), { ...details, usage: writeUsage(scenario) }),
  };
}

function writeAnswer(scenario: Scenario): string {
  const failed = writeResponse("failed", [], { error: failure });
  return JSON.stringify(scenario.failure === undefined ? writeEnd(scenario).response : failed, undefined, 2);
}

function writeStream(scenario: Scenario): string {
  let sequence = 0;
  const event = (type: string, fields: object): string =>
    writeEvent(`response.${type}`, { sequence_number: sequence++, ...fields });
  let bytes =
    event("created", { response: writeResponse("in_progress", [], {}) }) +
    event("in_progress", { response: writeResponse("in_progress", [], {}) });
  const output = writeOutput(scenario);
  let at = 0;
  if (reasons(scenario)) {
    const place = { item_id: reasoningItem.id, output_index: at, summary_index: 0 };
    const text = scenario.reasoning.join("");
    bytes += event("output_item.added", {
      output_index: at,
      item: { ...reasoningItem, encrypted_content: "gAA", summary: [] },
    });
    bytes += event("reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } });
    for (const delta of scenario.reasoning) bytes += event("reasoning_summary_text.delta", { ...place, delta });
    bytes += event("reasoning_summary_text.done", { ...place, text });
    bytes += event("reasoning_summary_part.done", { ...place, part: { type: "summary_text", text } });
    bytes += event("output_item.done", { output_index: at, item: output[at++] });
  }
  if (scenario.text.length > 0) {
    const kind = scenario.stop === "refusal" ? "refusal" : "output_text";
    const place = { item_id: messageItem.id, output_index: at, content_index: 0 };
    const text = scenario.text.join("");
    const logprobs = kind === "refusal" ? {} : { logprobs: [] };
    bytes += event("output_item.added", {
      output_index: at,
      item: { ...messageItem, status: "in_progress", content: [] },
    });
    bytes += event("content_part.added", { ...place, part: writePart(scenario, "") });
    for (const delta of scenario.text) bytes += event(`${kind}.delta`, { ...place, delta, ...logprobs });
    if (scenario.failure !== undefined)
      return bytes + event("failed", { response: writeResponse("failed", [], { error: failure }) });
    bytes += event(`${kind}.done`, { ...place, [kind === "refusal" ? "refusal" : "text"]: text, ...logprobs });
    bytes += event("content_part.done", { ...place, part: writePart(scenario, text) });
    bytes += event("output_item.done", { output_index: at, item: output[at++] });
  }
  for (const { id, name, pieces } of scenario.calls) {
    const place = { item_id: `fc_${id}`, output_index: at };
    const item = { id: `fc_${id}`, type: "function_call", status: "in_progress", arguments: "", call_id: id, name };
    bytes += event("output_item.added", { output_index: at, item });
    for (const delta of pieces) bytes += event("function_call_arguments.delta", { ...place, delta });
    bytes += event("function_call_arguments.done", { ...place, name, arguments: pieces.join("") });
    bytes += event("output_item.done", { output_index: at, item: output[at++] });
  }
  const { status, response } = writeEnd(scenario);
  return bytes + event(status, { response });
}

function user(text: string): object {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

function say(text: string): Fields {
  return { input: [user(text)], max_output_tokens: 500, store: false };
}

function expectRequest(ask: AskName, caller: DialectName): Fields {
  const weather = {
    type: "function",
    name: "weather",
    description: "The weather",
    parameters: weatherSchema,
    strict: false,
  };
  const clock = { type: "function", name: "clock", description: "The time", parameters: clockSchema, strict: false };
  switch (ask) {
    case "text":
      return { ...say(texts.hello), instructions: texts.system };
    case "tools":
      return {
        ...say(texts.weather),
        tools: [weather],
        tool_choice: { type: "function", name: "weather" },
        parallel_tool_calls: false,
      };
    case "parallel":
      return { ...say(texts.weather), tools: [weather, clock], tool_choice: "auto", parallel_tool_calls: true };
    case "results":
      return { ...say(""), input: [user(texts.weather), ...resultItems], tools: [weather, clock] };
    case "reasoning":
      return {
        ...say(texts.deep),
        max_output_tokens: 16_000,
        // Who asks in Anthropic's format expects to read the thoughts; who asks in Chat Completions never could.
        reasoning: { effort: "medium", ...(caller === "anthropic-messages" ? { summary: "auto" } : {}) },
        include: ["reasoning.encrypted_content"],
      };
    case "structured":
      return {
        ...say(texts.weather),
        text: { format: { type: "json_schema", name: "answer", schema: answerSchema, ...strictFor(caller) } },
      };
  }
}

const resultItems = [
  { type: "message", role: "assistant", content: texts.looking },
  { type: "function_call", call_id: "call_a1", name: "weather", arguments: '{"city":"Ulm"}' },
  { type: "function_call", call_id: "call_b2", name: "clock", arguments: '{"zone":"CET"}' },
  {
    type: "function_call_output",
    call_id: "call_a1",
    output: [
      { type: "input_text", text: texts.radar },
      { type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "auto" },
    ],
  },
  { type: "function_call_output", call_id: "call_b2", output: texts.noon },
];

export const openaiResponsesScript: VendorScript = {
  dialect: "openai-responses",
  model: "gpt-5.1",
  writeAnswer,
  writeStream,
  cuts: { stream: false, whole: false },
  refusals: {
    "context-full": {
      status: 400,
      body: '{\n  "error": {\n    "message": "Your input exceeds the context window of this model. Please adjust your input and try again.",\n    "type": "invalid_request_error",\n    "param": "input",\n    "code": "context_length_exceeded"\n  }\n}',
    },
    "rate-limit": {
      status: 429,
      body: '{\n  "error": {\n    "message": "Rate limit reached for gpt-5.1 in organization org-1 on requests per min (RPM): Limit 500, Used 500. Please try again in 7s.",\n    "type": "requests",\n    "param": null,\n    "code": "rate_limit_exceeded"\n  }\n}',
    },
  },
  usageOf: (scenario) => ({
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cachedInputTokens: tokens.cached,
    cacheWriteTokens: 0,
    reasoningTokens: reasons(scenario) ? tokens.reasoning : 0,
  }),
  expectRequest,
  insideMessage: { stream: /The server had an error/, whole: /The server had an error/ },
};
