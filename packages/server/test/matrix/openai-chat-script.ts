// OpenAI's own Chat Completions, as https://platform.openai.com/docs/api-reference/chat shows them. It never tells its
// reasoning, only how long it was.

import type { DialectName } from "@auxot/wire/chat";
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
import type { Fields, VendorScript } from "./vendor-script.ts";

const finishReasons = { stop: "stop", length: "length", "tool-calls": "tool_calls", refusal: "stop" } as const;
const innerError = {
  error: {
    message: "The server had an error while processing your request. Sorry about that!",
    type: "server_error",
    param: null,
    code: null,
  },
};

function writeUsage(scenario: Scenario): object {
  return {
    prompt_tokens: tokens.input,
    completion_tokens: tokens.output,
    total_tokens: tokens.input + tokens.output,
    prompt_tokens_details: { cached_tokens: tokens.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasons(scenario) ? tokens.reasoning : 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function writeAnswer(scenario: Scenario): string {
  if (scenario.failure !== undefined) return JSON.stringify(innerError);
  const text = scenario.text.length === 0 ? null : scenario.text.join("");
  const calls = scenario.calls.map(({ id, name, pieces }) => ({
    id,
    type: "function",
    function: { name, arguments: pieces.join("") },
  }));
  return JSON.stringify(
    {
      id: "chatcmpl-CxT7",
      object: "chat.completion",
      created: 1790000000,
      model: "gpt-5.1-2026-03-01",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: scenario.stop === "refusal" ? null : text,
            ...(calls.length === 0 ? {} : { tool_calls: calls }),
            refusal: scenario.stop === "refusal" ? text : null,
            annotations: [],
          },
          logprobs: null,
          finish_reason: finishReasons[scenario.stop],
        },
      ],
      usage: writeUsage(scenario),
      service_tier: "default",
      system_fingerprint: "fp_44709d6fcb",
    },
    undefined,
    2,
  );
}

function writeChunk(choices: readonly object[], usage: object | null = null): string {
  const chunk = {
    id: "chatcmpl-CxT7",
    object: "chat.completion.chunk",
    created: 1790000000,
    model: "gpt-5.1-2026-03-01",
    service_tier: "default",
    system_fingerprint: "fp_44709d6fcb",
    choices,
    usage,
    obfuscation: "aB3x",
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function writeDelta(fields: object, finish: string | null = null): string {
  return writeChunk([{ index: 0, delta: fields, logprobs: null, finish_reason: finish }]);
}

function writeStream(scenario: Scenario): string {
  const field = scenario.stop === "refusal" ? "refusal" : "content";
  const hasText = scenario.text.length > 0 && field === "content";
  let bytes = writeDelta({ role: "assistant", content: hasText ? "" : null, refusal: null });
  for (const piece of scenario.text) bytes += writeDelta({ [field]: piece });
  if (scenario.failure === "inside") return `${bytes}data: ${JSON.stringify(innerError)}\n\n`;
  for (const [index, { id, name, pieces }] of scenario.calls.entries()) {
    bytes += writeDelta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] });
    for (const piece of pieces) bytes += writeDelta({ tool_calls: [{ index, function: { arguments: piece } }] });
  }
  return `${bytes}${writeDelta({}, finishReasons[scenario.stop])}${writeChunk([], writeUsage(scenario))}data: [DONE]\n\n`;
}

function writeTool(name: string, description: string, parameters: object, caller: DialectName): object {
  // Responses callers say `strict`, because there it is true when left out.
  const strict = caller === "openai-responses" ? { strict: false } : {};
  return { type: "function", function: { name, description, parameters, ...strict } };
}

/** What any server of this format is to get. */
export function expectChatRequest(ask: AskName, caller: DialectName, limit: string): Fields {
  const weather = writeTool("weather", "The weather", weatherSchema, caller);
  const clock = writeTool("clock", "The time", clockSchema, caller);
  const say = (content: string): Fields => ({ messages: [{ role: "user", content }], [limit]: 500 });
  switch (ask) {
    case "text":
      return {
        ...say(""),
        messages: [
          { role: "system", content: texts.system },
          { role: "user", content: texts.hello },
        ],
      };
    case "tools":
      return {
        ...say(texts.weather),
        tools: [weather],
        tool_choice: { type: "function", function: { name: "weather" } },
        parallel_tool_calls: false,
      };
    case "parallel":
      return { ...say(texts.weather), tools: [weather, clock], tool_choice: "auto", parallel_tool_calls: true };
    case "results":
      return { ...say(""), messages: resultMessages, tools: [weather, clock] };
    case "reasoning":
      return { ...say(texts.deep), [limit]: 16_000, reasoning_effort: "medium" };
    case "structured":
      return {
        ...say(texts.weather),
        response_format: {
          type: "json_schema",
          json_schema: { name: "answer", schema: answerSchema, ...strictFor(caller) },
        },
      };
  }
}

/** A tool message holds text only: the image follows the results, and says whose it is. */
const resultMessages = [
  { role: "user", content: texts.weather },
  {
    role: "assistant",
    content: texts.looking,
    tool_calls: [
      { id: "call_a1", type: "function", function: { name: "weather", arguments: '{"city":"Ulm"}' } },
      { id: "call_b2", type: "function", function: { name: "clock", arguments: '{"zone":"CET"}' } },
    ],
  },
  { role: "tool", tool_call_id: "call_a1", content: texts.radar },
  { role: "tool", tool_call_id: "call_b2", content: texts.noon },
  {
    role: "user",
    content: [
      { type: "text", text: "Attached to the result of tool call call_a1:" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } },
    ],
  },
];

export const openaiChatScript: VendorScript = {
  dialect: "openai-chat",
  model: "gpt-5.1",
  writeAnswer,
  writeStream,
  cuts: { stream: false, whole: false },
  refusals: {
    "context-full": {
      status: 400,
      body: '{\n  "error": {\n    "message": "This model\'s maximum context length is 128000 tokens. However, your messages resulted in 130012 tokens. Please reduce the length of the messages.",\n    "type": "invalid_request_error",\n    "param": "messages",\n    "code": "context_length_exceeded"\n  }\n}',
    },
    "rate-limit": {
      status: 429,
      body: '{\n  "error": {\n    "message": "Rate limit reached for gpt-5.1 in organization org-1 on tokens per min (TPM): Limit 30000, Used 29000. Please try again in 7s.",\n    "type": "tokens",\n    "param": null,\n    "code": "rate_limit_exceeded"\n  }\n}',
    },
  },
  usageOf: (scenario) => ({
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cachedInputTokens: tokens.cached,
    cacheWriteTokens: 0,
    reasoningTokens: reasons(scenario) ? tokens.reasoning : 0,
  }),
  expectRequest: (ask, caller) => expectChatRequest(ask, caller, "max_completion_tokens"),
  insideMessage: { stream: /The server had an error/, whole: /The server had an error/ },
};
