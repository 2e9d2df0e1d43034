// Legacy completions chunks -> ChatEvents. Tolerates what the many servers of this format really send.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StopReason } from "@auxot/wire/chat";
import { isRecord } from "../reading/json.ts";
import { decodeFinishReason, decodeUsage } from "../openai-chat/usage.ts";
import type { Fields } from "../reading/read-fields.ts";
import {
  cutStreamError,
  decodeStreamError,
  parseItem,
  warnOfReason,
  type ItemDecoder,
} from "../streams/stream-decoder.ts";

export type ChunkDecoder = ItemDecoder & { pushChunk(chunk: Fields, out: ChatEvent[]): void };

/** The answer is one block of text. */
export function createItemDecoder(): ChunkDecoder {
  let started = false;
  let isOpen = false;
  let stopReason: StopReason | undefined;

  function addChoice(choice: unknown, out: ChatEvent[]): void {
    if (!isRecord(choice) || (typeof choice["index"] === "number" && choice["index"] > 0)) return;
    if (stopReason !== undefined) return;
    const { text, finish_reason: reason } = choice;
    if (typeof text === "string" && text !== "") {
      if (!isOpen) out.push({ type: "text-start", index: 0 });
      isOpen = true;
      out.push({ type: "text-delta", index: 0, text });
    }
    // Some servers send "" until the last chunk.
    if (typeof reason !== "string" || reason === "") return;
    if (isOpen) out.push({ type: "text-end", index: 0 });
    const known = decodeFinishReason(reason, false);
    if (known === undefined) out.push(warnOfReason(reason));
    // No format of ours has calls' reason without calls, and this one has no calls.
    stopReason = known === undefined || known === "tool-calls" ? "stop" : known;
  }

  function end(out: ChatEvent[]): void {
    if (stopReason !== undefined) out.push({ type: "end", stopReason });
  }

  function pushChunk(chunk: Fields, out: ChatEvent[]): void {
    if (chunk["error"] !== undefined && chunk["error"] !== null) {
      out.push(decodeStreamError(chunk));
      return;
    }
    const { model, choices } = chunk;
    if (!started) out.push({ type: "start", ...(typeof model === "string" && model !== "" ? { model } : {}) });
    started = true;
    if (Array.isArray(choices)) for (const choice of choices) addChoice(choice, out);
    const usage = decodeUsage(chunk["usage"]);
    if (usage === undefined) return;
    out.push({ type: "usage", usage });
    // Nothing follows usage that came with or after the finish reason, and some servers never send [DONE].
    end(out);
  }

  return {
    push(item, out) {
      if (item.data.trim() === "[DONE]") {
        if (stopReason === undefined) out.push(cutStreamError);
        else end(out);
        return;
      }
      const chunk = parseItem(item.data, out);
      if (chunk !== undefined) pushChunk(chunk, out);
    },
    pushChunk,
    isComplete: () => stopReason !== undefined,
    finish: end,
  };
}
