// ChatResults -> a whole legacy completions answer: one choice for each prompt.

import type { ChatRequest, ChatResult, StopReason } from "@auxot/wire/chat";
import { noUsage, type Usage } from "@auxot/wire/usage";
import type { AnswerMeta } from "../dialect.ts";
import { encodeUsage } from "../openai-chat/usage.ts";
import type { OpenaiChoice } from "./schema.ts";

export function encodeResult(result: ChatResult, meta: AnswerMeta): string {
  return encodeResults([{ result, request: meta.request }], meta);
}

/** One choice for each request, in order. */
export function encodeResults(
  answers: readonly { readonly result: ChatResult; readonly request: ChatRequest }[],
  meta: AnswerMeta,
): string {
  return JSON.stringify({
    id: meta.id,
    object: "text_completion",
    created: meta.createdAt,
    model: meta.model,
    system_fingerprint: null,
    choices: answers.map(({ result, request }, index): OpenaiChoice => ({
      text: readEcho(request) + result.content.map((part) => (part.type === "text" ? part.text : "")).join(""),
      index,
      logprobs: null,
      finish_reason: encodeFinishReason(result.stopReason),
    })),
    usage: encodeUsage(addUsage(answers.map(({ result }) => result.usage))),
  });
}

/** What goes before the answer's text. */
export function readEcho(request: Pick<ChatRequest, "completion"> | undefined): string {
  const { prompt, echo } = request?.completion ?? {};
  return echo === true && typeof prompt === "string" ? prompt : "";
}

/** The usage of all prompts together. */
export function addUsage(usages: readonly (Usage | undefined)[]): Usage {
  let sum = noUsage;
  for (const usage of usages) {
    if (usage === undefined) continue;
    sum = {
      inputTokens: sum.inputTokens + usage.inputTokens,
      outputTokens: sum.outputTokens + usage.outputTokens,
      cachedInputTokens: sum.cachedInputTokens + usage.cachedInputTokens,
      cacheWriteTokens: sum.cacheWriteTokens + usage.cacheWriteTokens,
      reasoningTokens: sum.reasoningTokens + usage.reasoningTokens,
    };
  }
  return sum;
}

export function encodeFinishReason(reason: StopReason): "stop" | "length" | "content_filter" {
  switch (reason) {
    case "stop":
    case "stop-sequence":
    case "pause":
    case "tool-calls":
      return "stop";
    case "length":
    case "context-exceeded":
      return "length";
    case "refusal":
      return "content_filter";
  }
}
