// A whole Chat Completions answer -> ChatResult.

import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatResult } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { isRecord } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import { parseResultBody } from "../answers/result-body.ts";
import { createItemDecoder } from "./decode-stream.ts";

/** Reads the answer as a short stream, so that both ways accept the same and mean the same. */
export function decodeResult(body: Uint8Array): ChatResult {
  const { choices, ...answer } = parseResultBody(body);
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (!isRecord(choice)) throw new AppError("source_failed", "The source answered without a choice.");
  const events: ChatEvent[] = [];
  const decoder = createItemDecoder();
  for (const delta of splitMessage(isRecord(choice["message"]) ? choice["message"] : {})) {
    decoder.pushChunk({ id: answer["id"], model: answer["model"], choices: [{ delta }] }, events);
  }
  const { stop_reason, matched_stop } = choice;
  const finish = { finish_reason: choice["finish_reason"] ?? "stop", stop_reason, matched_stop };
  decoder.pushChunk({ ...answer, choices: [finish] }, events);
  if (events.at(-1)?.type !== "end") decoder.finish(events);
  return foldEvents(events);
}

/** One delta a thinking block (they hold the whole reasoning, in order), then one with the rest. */
function splitMessage(message: Fields): Fields[] {
  const { reasoning_content, reasoning, thinking_blocks, tool_calls, ...rest } = message;
  const blocks = Array.isArray(thinking_blocks) ? thinking_blocks.filter(isRecord) : [];
  // Whole calls have no index; without one, equal ids would make them one call.
  const calls = Array.isArray(tool_calls) ? tool_calls.filter(isRecord).map((call, index) => ({ ...call, index })) : [];
  const thoughts = blocks.map((block) => ({ reasoning_content: block["thinking"], thinking_blocks: [block] }));
  return [...(thoughts.length > 0 ? thoughts : [{ reasoning_content, reasoning }]), { ...rest, tool_calls: calls }];
}
