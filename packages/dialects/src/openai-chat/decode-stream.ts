// Chat Completions chunks -> ChatEvents. Tolerates what the many servers of this format really send.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StopReason, UrlCitation } from "@auxot/wire/chat";
import { isRecord } from "../reading/json.ts";
import { optional, type Fields } from "../reading/read-fields.ts";
import {
  cutStreamError,
  decodeStreamError,
  parseItem,
  warnOfReason,
  type ItemDecoder,
} from "../streams/stream-decoder.ts";
import { countCharacters, readUrlCitations } from "../answers/url-citations.ts";
import { createCallReader } from "./read-calls.ts";
import { readContent } from "./read-content.ts";
import { decodeFinishReason, decodeUsage } from "./usage.ts";

type OpenBlock = {
  readonly kind: "text" | "refusal" | "reasoning";
  readonly index: number;
  /** Characters of the answer's text before it. */
  readonly offset: number;
  readonly citations: UrlCitation[];
};

export type ChunkDecoder = ItemDecoder & {
  pushChunk(chunk: Fields, out: ChatEvent[]): void;
};

export function createItemDecoder(): ChunkDecoder {
  let started = false;
  let nextIndex = 0;
  let open: OpenBlock | undefined;
  let stopReason: StopReason | undefined;
  let stopSequence: string | undefined;
  let textCharacters = 0;
  const others = new Set<number>();
  const calls = createCallReader(() => nextIndex++);

  function close(out: ChatEvent[]): void {
    if (open?.kind === "reasoning") out.push({ type: "reasoning-end", index: open.index });
    else if (open !== undefined) out.push({ type: "text-end", index: open.index, ...listCitations(open) });
    open = undefined;
  }

  function openBlock(kind: OpenBlock["kind"], out: ChatEvent[]): number {
    if (open?.kind === kind) return open.index;
    close(out);
    const index = nextIndex++;
    open = { kind, index, offset: textCharacters, citations: [] };
    if (kind === "reasoning") out.push({ type: "reasoning-start", index });
    else out.push({ type: "text-start", index, ...(kind === "refusal" ? { refusal: true } : {}) });
    return index;
  }

  function addText(kind: OpenBlock["kind"], value: unknown, out: ChatEvent[]): void {
    if (typeof value !== "string" || value === "") return;
    const index = openBlock(kind, out);
    if (kind === "text") textCharacters += countCharacters(value);
    out.push({ type: kind === "reasoning" ? "reasoning-delta" : "text-delta", index, text: value });
  }

  /** A thinking block ends the reasoning it signs; its text was streamed before, unless none is open. */
  function addThinkingBlock(block: unknown, out: ChatEvent[]): void {
    if (!isRecord(block)) return;
    if (block["type"] === "redacted_thinking" && typeof block["data"] === "string") {
      close(out);
      const index = nextIndex++;
      out.push({ type: "reasoning-start", index }, { type: "reasoning-end", index, redacted: block["data"] });
      return;
    }
    const signature = block["signature"];
    if (typeof signature !== "string" || signature === "") return;
    if (open?.kind !== "reasoning") addText("reasoning", block["thinking"], out);
    const index = openBlock("reasoning", out);
    out.push({ type: "reasoning-end", index, signature });
    open = undefined;
  }

  /** Mistral's reasoning models write parts where others write a string. */
  function addContent(content: unknown, out: ChatEvent[]): void {
    for (const { kind, text } of readContent(content)) addText(kind, text, out);
  }

  function addDelta(delta: Fields, out: ChatEvent[]): void {
    addText("reasoning", delta["reasoning_content"] ?? delta["reasoning"], out);
    const blocks = delta["thinking_blocks"];
    if (Array.isArray(blocks)) for (const block of blocks) addThinkingBlock(block, out);
    addContent(delta["content"], out);
    if (open?.kind === "text") open.citations.push(...readUrlCitations(delta["annotations"], open.offset));
    addText("refusal", delta["refusal"], out);
    const listed = Array.isArray(delta["tool_calls"]) ? delta["tool_calls"].filter(isRecord) : [];
    // Older servers know one call only, without an id.
    const fragments = isRecord(delta["function_call"]) ? [{ index: 0, function: delta["function_call"] }] : listed;
    if (fragments.length > 0) close(out);
    for (const fragment of fragments) calls.push(fragment, out);
  }

  function addChoice(choice: unknown, out: ChatEvent[]): void {
    if (!isRecord(choice)) return;
    const { index } = choice;
    if (typeof index === "number" && index > 0) {
      // Only the first of several answers is ours, but it is not over before the others are.
      if (choice["finish_reason"]) others.delete(index);
      else others.add(index);
      return;
    }
    if (stopReason === undefined && isRecord(choice["delta"])) addDelta(choice["delta"], out);
    const reason = choice["finish_reason"];
    // Some servers send "" until the last chunk.
    if (typeof reason !== "string" || reason === "" || stopReason !== undefined) return;
    close(out);
    calls.finish(out);
    const known = decodeFinishReason(reason, calls.hasCalls());
    if (known === undefined) out.push(warnOfReason(reason));
    stopReason = known ?? (calls.hasCalls() ? "tool-calls" : "stop");
    // vLLM and SGLang tell the stop string they met.
    const met = choice["stop_reason"] ?? choice["matched_stop"];
    if (stopReason !== "stop" || typeof met !== "string") return;
    stopReason = "stop-sequence";
    stopSequence = met;
  }

  function end(out: ChatEvent[]): void {
    if (stopReason !== undefined) out.push({ type: "end", stopReason, ...optional("stopSequence", stopSequence) });
  }

  function pushChunk(chunk: Fields, out: ChatEvent[]): void {
    if (chunk["error"] !== undefined && chunk["error"] !== null) {
      out.push(decodeStreamError(chunk));
      return;
    }
    if (!started) {
      started = true;
      out.push({
        type: "start",
        ...(typeof chunk["model"] === "string" && chunk["model"] !== "" ? { model: chunk["model"] } : {}),
      });
    }
    calls.useAnswerId(chunk["id"]);
    if (Array.isArray(chunk["choices"])) for (const choice of chunk["choices"]) addChoice(choice, out);
    const usage = decodeUsage(findUsage(chunk));
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
    isComplete: () => stopReason !== undefined && others.size === 0,
    finish: end,
  };
}

/** Moonshot tells it in the choice, Groq in a field of its own, unless asked for it. */
function findUsage(chunk: Fields): unknown {
  const { usage, choices, x_groq: groq } = chunk;
  if (isRecord(usage)) return usage;
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (isRecord(choice) && isRecord(choice["usage"])) return choice["usage"];
  return isRecord(groq) ? groq["usage"] : undefined;
}

function listCitations({ citations }: OpenBlock): { readonly citations?: readonly UrlCitation[] } {
  return citations.length === 0 ? {} : { citations };
}
