// OpenAI's usage and finish reasons <-> ours. `prompt_tokens` includes cached tokens, `completion_tokens` reasoning.

import type { StopReason } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import { boundUsage } from "../answers/bound-usage.ts";
import { isRecord } from "../reading/json.ts";
import { readCount } from "../streams/stream-decoder.ts";
import type { OpenaiUsage } from "./schema.ts";

export function encodeUsage(usage: Usage): OpenaiUsage {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteTokens === 0 ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

/** Undefined unless it is an object with at least one of the two totals. */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const inputDetails = isRecord(value["prompt_tokens_details"]) ? value["prompt_tokens_details"] : {};
  const outputDetails = isRecord(value["completion_tokens_details"]) ? value["completion_tokens_details"] : {};
  const input = readCount(value["prompt_tokens"]);
  const output = readCount(value["completion_tokens"]);
  const reasoning = readCount(outputDetails["reasoning_tokens"]);
  return boundUsage({
    input,
    output:
      output === undefined
        ? undefined
        : output + countBeside(readCount(value["total_tokens"]), input, output, reasoning),
    // DeepSeek and Moonshot name their cache hits at the top level.
    cached:
      readCount(inputDetails["cached_tokens"]) ??
      readCount(value["prompt_cache_hit_tokens"]) ??
      readCount(value["cached_tokens"]),
    cacheWrite: readCount(inputDetails["cache_write_tokens"]),
    reasoning,
  });
}

/** xAI counts reasoning beside `completion_tokens`, but in the total: https://docs.x.ai/docs/guides/reasoning */
function countBeside(total = 0, input = 0, output = 0, reasoning = 0): number {
  return Math.max(0, Math.min(reasoning, total - input - output));
}

/** `usesFunctions`: the request declared its tools as the older `functions`. */
export function encodeFinishReason(reason: StopReason, usesFunctions: boolean): string {
  switch (reason) {
    case "stop":
    case "stop-sequence":
    case "pause":
      return "stop";
    case "length":
    case "context-exceeded":
      return "length";
    case "tool-calls":
      return usesFunctions ? "function_call" : "tool_calls";
    case "refusal":
      return "content_filter";
  }
}

/** Several servers say "stop" although they called tools. Undefined for a reason newer than we are. */
export function decodeFinishReason(reason: string, hasToolCalls: boolean): StopReason | undefined {
  switch (reason) {
    case "stop":
      return hasToolCalls ? "tool-calls" : "stop";
    case "length":
      return "length";
    case "tool_calls":
    case "function_call":
      return "tool-calls";
    case "content_filter":
      return "refusal";
    default:
      return undefined;
  }
}
