// OpenAI's usage in Responses <-> ours, and how an answer ended. `input_tokens` includes cached tokens, `output_tokens`
// reasoning.

import type { StopReason } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import { boundUsage } from "../answers/bound-usage.ts";
import { isRecord } from "../reading/json.ts";
import { readCount } from "../streams/stream-decoder.ts";
import type { ResponsesUsage } from "./schema.ts";

export function encodeUsage(usage: Usage): ResponsesUsage {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

/** Undefined unless it is an object with at least one of the two totals. */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const inputDetails = isRecord(value["input_tokens_details"]) ? value["input_tokens_details"] : {};
  const outputDetails = isRecord(value["output_tokens_details"]) ? value["output_tokens_details"] : {};
  return boundUsage({
    input: readCount(value["input_tokens"]),
    output: readCount(value["output_tokens"]),
    cached: readCount(inputDetails["cached_tokens"]),
    cacheWrite: readCount(inputDetails["cache_write_tokens"]),
    reasoning: readCount(outputDetails["reasoning_tokens"]),
  });
}

/** Why an answer is `incomplete`; undefined when it is `completed`. */
export function encodeIncompleteReason(reason: StopReason): "max_output_tokens" | "content_filter" | undefined {
  switch (reason) {
    case "stop":
    case "stop-sequence":
    case "pause":
    case "tool-calls":
      return undefined;
    case "length":
    case "context-exceeded":
      return "max_output_tokens";
    case "refusal":
      return "content_filter";
  }
}

/** An answer that is incomplete for a reason newer than we are was cut off. */
export function decodeIncompleteReason(reason: unknown): StopReason {
  return reason === "content_filter" ? "refusal" : "length";
}
