// A whole Responses answer -> ChatResult.

import { foldEvents, type ChatEvent } from "@auxot/wire/chat-event";
import type { ChatResult } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { parseResultBody } from "../answers/result-body.ts";
import { createItemDecoder } from "./decode-stream.ts";

/** Reads the answer as the last event of a stream, so that both ways accept the same and mean the same. */
export function decodeResult(body: Uint8Array): ChatResult {
  const response = parseResultBody(body);
  if (!Array.isArray(response["output"])) throw new AppError("source_failed", "The source answered without output.");
  const status = response["status"] ?? "completed";
  if (status !== "completed" && status !== "incomplete") {
    throw new AppError(
      "source_failed",
      `The source's answer is not complete: its status is ${JSON.stringify(status)}.`,
    );
  }
  const events: ChatEvent[] = [];
  createItemDecoder().pushEvent(`response.${status}`, { response }, events);
  return foldEvents(events);
}
