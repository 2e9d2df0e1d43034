// A whole legacy completions answer to one prompt -> ChatResult.

import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatResult } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { isRecord } from "../reading/json.ts";
import { parseResultBody } from "../answers/result-body.ts";
import { createItemDecoder } from "./decode-stream.ts";

/** Reads the answer as a stream of one chunk, so that both ways accept the same and mean the same. */
export function decodeResult(body: Uint8Array): ChatResult {
  const { choices, ...answer } = parseResultBody(body);
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (!isRecord(choice)) throw new AppError("source_failed", "The source answered without a choice.");
  const events: ChatEvent[] = [];
  const decoder = createItemDecoder();
  const finished = { ...choice, finish_reason: choice["finish_reason"] ?? "stop" };
  decoder.pushChunk({ ...answer, choices: [finished] }, events);
  if (events.at(-1)?.type !== "end") decoder.finish(events);
  return foldEvents(events);
}
