// A whole Messages answer -> ChatResult.

import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatResult } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { isRecord } from "../reading/json.ts";
import { parseResultBody } from "../answers/result-body.ts";
import { closeBlock, explainRefusal, openBlock, readStopReason } from "./decode-stream.ts";
import { mergeUsage } from "./usage.ts";

/** Reads each block as a stream reads its start, so that both ways accept the same and mean the same. */
export function decodeResult(body: Uint8Array): ChatResult {
  const answer = parseResultBody(body);
  if (!Array.isArray(answer["content"])) throw new AppError("source_failed", "The source answered without content.");
  const events: ChatEvent[] = [
    { type: "start", ...(typeof answer["model"] === "string" ? { model: answer["model"] } : {}) },
  ];
  let index = 0;
  for (const value of answer["content"]) {
    const block = isRecord(value) ? openBlock(value, index, events) : undefined;
    if (block === undefined) continue;
    closeBlock(block, events);
    index++;
  }
  explainRefusal(answer["stop_details"], index, events);
  const usage = mergeUsage(undefined, answer["usage"]);
  if (usage !== undefined) events.push({ type: "usage", usage });
  const stopReason = readStopReason(answer["stop_reason"], events) ?? "stop";
  const stopSequence = answer["stop_sequence"];
  events.push({ type: "end", stopReason, ...(typeof stopSequence === "string" ? { stopSequence } : {}) });
  return foldEvents(events);
}
