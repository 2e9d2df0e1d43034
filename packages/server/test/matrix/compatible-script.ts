// A server that imitates Chat Completions, with the habits of DeepSeek's, vLLM's and their kin: reasoning_content, the
// role and nulls in every delta, whole calls in one chunk, "stop" after calls, keep-alive comments, no space after
// "data:", CRLF, usage beside the finish reason, DeepSeek's names of cache hits, errors without OpenAI's envelope.

import { openaiChatScript, expectChatRequest } from "./openai-chat-script.ts";
import { reasons, tokens, type Scenario } from "./scenarios.ts";
import type { VendorScript } from "./vendor-script.ts";

const finishReasons = { stop: "stop", length: "length", "tool-calls": "stop", refusal: "content_filter" } as const;

function writeUsage(scenario: Scenario): object {
  return {
    prompt_tokens: tokens.input,
    total_tokens: tokens.input + tokens.output,
    completion_tokens: tokens.output,
    prompt_tokens_details: null,
    prompt_cache_hit_tokens: tokens.cached,
    prompt_cache_miss_tokens: tokens.input - tokens.cached,
    ...(reasons(scenario) ? { completion_tokens_details: { reasoning_tokens: tokens.reasoning } } : {}),
  };
}

function writeCalls(scenario: Scenario): object[] {
  return scenario.calls.map(({ id, name, pieces }, index) => ({
    id,
    type: "function",
    index,
    function: { name, arguments: pieces.join("") },
  }));
}

function writeAnswer(scenario: Scenario): string {
  const body = JSON.stringify({
    id: "chat-8ac1f0",
    object: "chat.completion",
    created: 1790000000,
    model: "deepseek-reasoner",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          reasoning_content: reasons(scenario) ? scenario.reasoning.join("") : null,
          content: scenario.text.length === 0 ? null : scenario.text.join(""),
          tool_calls: writeCalls(scenario),
        },
        finish_reason: finishReasons[scenario.stop],
        stop_reason: null,
      },
    ],
    usage: writeUsage(scenario),
    prompt_logprobs: null,
  });
  return scenario.failure === undefined ? body : body.slice(0, 120);
}

function writeChunk(fields: object, finish: string | null, rest: object = {}): string {
  const delta = { role: "assistant", ...fields };
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish, stop_reason: null }];
  const head = { id: "chat-8ac1f0", object: "chat.completion.chunk", created: 1790000000, model: "deepseek-reasoner" };
  return `data:${JSON.stringify({ ...head, choices, ...rest })}\r\n\r\n`;
}

function writeStream(scenario: Scenario): string {
  let bytes = ": keep-alive\r\n\r\n";
  for (const piece of scenario.reasoning) bytes += writeChunk({ content: null, reasoning_content: piece }, null);
  bytes += ": keep-alive\r\n\r\n";
  for (const piece of scenario.text) bytes += writeChunk({ content: piece, reasoning_content: null }, null);
  if (scenario.failure !== undefined) return bytes;
  const calls = writeCalls(scenario);
  if (calls.length > 0) bytes += writeChunk({ content: null, tool_calls: calls }, null);
  bytes += writeChunk({ content: "" }, finishReasons[scenario.stop], { usage: writeUsage(scenario) });
  return `${bytes}data:[DONE]\r\n\r\n`;
}

export const compatibleScript: VendorScript = {
  dialect: "openai-chat",
  model: "deepseek-reasoner",
  writeAnswer,
  writeStream,
  cuts: { stream: true, whole: true },
  refusals: {
    "context-full": {
      status: 400,
      body: '{"object":"error","message":"This model\'s maximum context length is 32768 tokens. However, you requested 40960 tokens (40460 in the messages, 500 in the completion). Please reduce the length of the messages or completion.","type":"BadRequestError","param":null,"code":400}',
    },
    "rate-limit": { status: 429, body: '{"detail":"Too Many Requests"}' },
  },
  usageOf: openaiChatScript.usageOf,
  expectRequest: (ask, caller) => expectChatRequest(ask, caller, "max_tokens"),
  insideMessage: { stream: /broke off/, whole: /broke off/ },
};
