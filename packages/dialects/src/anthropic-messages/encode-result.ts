// ChatResult -> a whole Messages answer.

import type { AssistantPart, ChatResult } from "@auxot/wire/chat";
import { noUsage } from "@auxot/wire/usage";
import type { AnswerMeta } from "../dialect.ts";
import { isRecord, tryParseJson } from "../reading/json.ts";
import type { AnthropicAssistantBlock } from "./schema.ts";
import { encodeStopReason, encodeUsage } from "./usage.ts";

export function encodeResult(result: ChatResult, meta: AnswerMeta): string {
  return JSON.stringify({
    id: meta.id,
    type: "message",
    role: "assistant",
    model: meta.model,
    content: result.content.flatMap(buildBlock),
    stop_reason: encodeStopReason(
      result.stopReason,
      result.content.some((part) => part.type === "text" && part.refusal === true),
    ),
    stop_sequence: result.stopSequence ?? null,
    usage: encodeUsage(result.usage ?? noUsage),
  });
}

function buildBlock(part: AssistantPart): AnthropicAssistantBlock[] {
  switch (part.type) {
    case "text":
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "reasoning":
      return [{ type: "thinking", thinking: part.text, signature: part.signature ?? "" }];
    case "tool-call": {
      const input = tryParseJson(part.arguments);
      // Cut off by the token limit: the client sees what there was instead of a call it might run.
      return [
        {
          type: "tool_use",
          id: part.id,
          name: part.name,
          input: isRecord(input) ? input : { arguments: part.arguments },
        },
      ];
    }
  }
}
