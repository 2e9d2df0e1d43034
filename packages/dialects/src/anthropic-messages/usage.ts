// Anthropic's usage and stop reasons <-> ours. `input_tokens` excludes what was read from or written to the cache.

import type { StopReason } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import { isRecord } from "../reading/json.ts";
import { readCount } from "../streams/stream-decoder.ts";
import type { AnthropicUsage } from "./schema.ts";

export function encodeUsage(usage: Usage): AnthropicUsage {
  return {
    input_tokens: Math.max(0, usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens),
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    ...(usage.reasoningTokens === 0 ? {} : { output_tokens_details: { thinking_tokens: usage.reasoningTokens } }),
  };
}

/**
 * Adds a usage object to what was known. Counts in a stream are cumulative, and `message_delta` may repeat them, leave
 * them out or send zero: a count above zero replaces the earlier one, anything else keeps it.
 */
export function mergeUsage(known: Usage | undefined, value: unknown): Usage | undefined {
  if (!isRecord(value)) return known;
  const details = isRecord(value["output_tokens_details"]) ? value["output_tokens_details"] : {};
  if (readCount(value["input_tokens"]) === undefined && readCount(value["output_tokens"]) === undefined) return known;
  const before = known === undefined ? undefined : encodeUsage(known);
  const cachedInputTokens = readCount(value["cache_read_input_tokens"]) || (known?.cachedInputTokens ?? 0);
  const cacheWriteTokens = readCount(value["cache_creation_input_tokens"]) || (known?.cacheWriteTokens ?? 0);
  const freshTokens = readCount(value["input_tokens"]) || (before?.input_tokens ?? 0);
  const outputTokens = readCount(value["output_tokens"]) || (known?.outputTokens ?? 0);
  const reasoningTokens = readCount(details["thinking_tokens"]) || (known?.reasoningTokens ?? 0);
  return {
    inputTokens: freshTokens + cachedInputTokens + cacheWriteTokens,
    outputTokens,
    cachedInputTokens,
    cacheWriteTokens,
    reasoningTokens: Math.min(reasoningTokens, outputTokens),
  };
}

/** OpenAI's formats end a refusal like any answer; here the reason alone tells it from one. */
export function encodeStopReason(reason: StopReason, hasRefusal: boolean): string {
  switch (reason) {
    case "stop":
      return hasRefusal ? "refusal" : "end_turn";
    case "stop-sequence":
      return "stop_sequence";
    case "length":
      return "max_tokens";
    case "tool-calls":
      return "tool_use";
    case "refusal":
      return "refusal";
    case "pause":
      return "pause_turn";
    case "context-exceeded":
      return "model_context_window_exceeded";
  }
}

/** Undefined for a reason newer than we are. */
export function decodeStopReason(reason: string): StopReason | undefined {
  switch (reason) {
    case "end_turn":
      return "stop";
    case "stop_sequence":
      return "stop-sequence";
    case "max_tokens":
      return "length";
    case "tool_use":
      return "tool-calls";
    case "refusal":
      return "refusal";
    case "pause_turn":
      return "pause";
    case "model_context_window_exceeded":
      return "context-exceeded";
    default:
      return undefined;
  }
}
