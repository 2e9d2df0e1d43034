// ChatResult -> a whole Chat Completions answer.

import type { ChatRequest, ChatResult, TextPart, ToolCallPart } from "@auxot/wire/chat";
import { noUsage } from "@auxot/wire/usage";
import type { AnswerMeta } from "../dialect.ts";
import { optional } from "../reading/read-fields.ts";
import { countCharacters } from "../answers/url-citations.ts";
import { buildAnnotation } from "./encode-stream.ts";
import { buildAnswerCall, findCustomTools } from "./custom-tools.ts";
import type { OpenaiAnswerMessage } from "./schema.ts";
import { buildThinkingBlocks } from "./thinking-block.ts";
import { encodeFinishReason, encodeUsage } from "./usage.ts";

export function encodeResult(result: ChatResult, meta: AnswerMeta): string {
  return JSON.stringify({
    id: meta.id,
    object: "chat.completion",
    created: meta.createdAt,
    model: meta.model,
    system_fingerprint: null,
    choices: [
      {
        index: 0,
        message: buildAnswerMessage(result, meta.request),
        logprobs: null,
        finish_reason: encodeFinishReason(result.stopReason, meta.request.usesFunctions === true),
      },
    ],
    usage: encodeUsage(result.usage ?? noUsage),
  });
}

function buildAnswerMessage(result: ChatResult, request: ChatRequest): OpenaiAnswerMessage {
  const texts = result.content.filter((part) => part.type === "text");
  const content = texts.filter((part) => !part.refusal);
  const refusals = texts.filter((part) => part.refusal);
  const calls = result.content.filter((part) => part.type === "tool-call");
  const reasoning = result.content.filter((part) => part.type === "reasoning");
  const annotations = content.flatMap(({ citations = [] }, at) => {
    const offset = citations.length === 0 ? 0 : countCharacters(joinTexts(content.slice(0, at)));
    return citations.map((citation) => buildAnnotation(citation, offset));
  });
  const reasoningText = reasoning.map((part) => part.text).join("");
  return {
    role: "assistant",
    content: content.length === 0 && (calls.length > 0 || refusals.length > 0) ? null : joinTexts(content),
    refusal: refusals.length === 0 ? null : joinTexts(refusals),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(reasoningText === "" ? {} : { reasoning_content: reasoningText }),
    ...optional("thinking_blocks", buildThinkingBlocks(reasoning)),
    ...buildCalls(calls, request),
  };
}

/** The older format holds one call. */
function buildCalls(
  calls: readonly ToolCallPart[],
  { usesFunctions, tools }: ChatRequest,
): Pick<OpenaiAnswerMessage, "tool_calls" | "function_call"> {
  const [first] = calls;
  if (first === undefined) return {};
  if (usesFunctions === true) return { function_call: { name: first.name, arguments: first.arguments } };
  const customTools = findCustomTools(tools);
  return { tool_calls: calls.map((call) => buildAnswerCall(call, customTools)) };
}

function joinTexts(parts: readonly TextPart[]): string {
  return parts.map((part) => part.text).join("");
}
