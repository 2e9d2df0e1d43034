// Messages events -> ChatEvents.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StopReason, UrlCitation } from "@auxot/wire/chat";
import type { Usage } from "@auxot/wire/usage";
import { isRecord, tryStringifyJson } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import {
  cutStreamError,
  decodeStreamError,
  parseItem,
  warnOfReason,
  type ItemDecoder,
} from "../streams/stream-decoder.ts";
import { countCharacters } from "../answers/url-citations.ts";
import { decodeStopReason, mergeUsage } from "./usage.ts";

type WebSource = Omit<UrlCitation, "start" | "end">;
type OpenBlock =
  | { readonly type: "text"; readonly index: number; characters: number; readonly sources: WebSource[] }
  | { readonly type: "reasoning"; readonly index: number; signature: string; readonly redacted?: string }
  | { readonly type: "tool-call"; readonly index: number; readonly input: unknown; hasDelta: boolean };

/** The answer is complete only at `message_stop`: a cut before it is an error, whatever came. */
export function createItemDecoder(): ItemDecoder {
  const blocks = new Map<unknown, OpenBlock>();
  let nextIndex = 0;
  let isStarted = false;
  let usage: Usage | undefined;
  let stopReason: StopReason | undefined;
  let stopSequence: string | undefined;
  let refusal: unknown;

  function addUsage(value: unknown, out: ChatEvent[]): void {
    const merged = mergeUsage(usage, value);
    if (merged === undefined || merged === usage) return;
    usage = merged;
    out.push({ type: "usage", usage });
  }

  function startMessage(message: Fields, out: ChatEvent[]): void {
    if (!isStarted)
      out.push({ type: "start", ...(typeof message["model"] === "string" ? { model: message["model"] } : {}) });
    isStarted = true;
    addUsage(message["usage"], out);
  }

  function startBlock(position: unknown, block: Fields, out: ChatEvent[]): void {
    const opened = openBlock(block, nextIndex, out);
    if (opened === undefined) return;
    nextIndex++;
    blocks.set(position, opened);
  }

  function stopBlock(position: unknown, out: ChatEvent[]): void {
    const block = blocks.get(position);
    if (block === undefined) return;
    blocks.delete(position);
    closeBlock(block, out);
  }

  function stopMessage(out: ChatEvent[]): void {
    for (const position of blocks.keys()) stopBlock(position, out);
    if (stopReason === undefined) {
      out.push(cutStreamError);
      return;
    }
    explainRefusal(refusal, nextIndex, out);
    out.push({ type: "end", stopReason, ...(stopSequence === undefined ? {} : { stopSequence }) });
  }

  return {
    push(item, out) {
      const event = parseItem(item.data, out);
      if (event === undefined) return;
      switch (event["type"] ?? item.event) {
        case "message_start":
          if (isRecord(event["message"])) startMessage(event["message"], out);
          return;
        case "content_block_start":
          if (isRecord(event["content_block"])) startBlock(event["index"], event["content_block"], out);
          return;
        case "content_block_delta": {
          const block = blocks.get(event["index"]);
          if (block !== undefined && isRecord(event["delta"])) addDelta(block, event["delta"], out);
          return;
        }
        case "content_block_stop":
          stopBlock(event["index"], out);
          return;
        case "message_delta": {
          const delta = isRecord(event["delta"]) ? event["delta"] : {};
          stopReason = readStopReason(delta["stop_reason"], out) ?? stopReason;
          if (typeof delta["stop_sequence"] === "string") stopSequence = delta["stop_sequence"];
          refusal = delta["stop_details"] ?? refusal;
          addUsage(event["usage"], out);
          return;
        }
        case "message_stop":
          stopMessage(out);
          return;
        case "error":
          out.push(decodeStreamError(event));
          return;
        default:
          // Pings and events newer than we are.
          return;
      }
    },
    isComplete: () => false,
    finish: () => {},
  };
}

/** Undefined when none is given. One we do not know is a proper end, with a warning. */
export function readStopReason(reason: unknown, out: ChatEvent[]): StopReason | undefined {
  if (typeof reason !== "string") return undefined;
  const known = decodeStopReason(reason);
  if (known === undefined) out.push(warnOfReason(reason));
  return known ?? "stop";
}

/** Why the vendor refused, as OpenAI's formats tell it: in words of the answer. */
export function explainRefusal(details: unknown, index: number, out: ChatEvent[]): void {
  const text = isRecord(details) && details["type"] === "refusal" ? details["explanation"] : undefined;
  if (typeof text !== "string" || text === "") return;
  out.push(
    { type: "text-start", index, refusal: true },
    { type: "text-delta", index, text },
    { type: "text-end", index },
  );
}

/** Undefined for blocks of tools the provider runs itself: they are no calls for the client. */
export function openBlock(block: Fields, index: number, out: ChatEvent[]): OpenBlock | undefined {
  switch (block["type"]) {
    case "text": {
      out.push({ type: "text-start", index });
      const text = { type: "text" as const, index, characters: 0, sources: [] };
      addText(text, block["text"], out);
      if (Array.isArray(block["citations"]))
        for (const citation of block["citations"]) addCitation(text, citation, out);
      return text;
    }
    case "thinking":
      out.push({ type: "reasoning-start", index });
      pushText("reasoning-delta", index, block["thinking"], out);
      return { type: "reasoning", index, signature: typeof block["signature"] === "string" ? block["signature"] : "" };
    case "redacted_thinking":
      out.push({ type: "reasoning-start", index });
      return {
        type: "reasoning",
        index,
        signature: "",
        redacted: typeof block["data"] === "string" ? block["data"] : "",
      };
    case "tool_use": {
      const id = typeof block["id"] === "string" && block["id"] !== "" ? block["id"] : `toolu_${index}`;
      out.push({ type: "tool-call-start", index, id, name: typeof block["name"] === "string" ? block["name"] : "" });
      return { type: "tool-call", index, input: block["input"], hasDelta: false };
    }
    default:
      return undefined;
  }
}

/** A delta that does not fit its block is dropped: mixing kinds would make text of thinking. */
function addDelta(block: OpenBlock, delta: Fields, out: ChatEvent[]): void {
  switch (block.type) {
    case "text":
      addText(block, delta["text"], out);
      if (delta["type"] === "citations_delta") addCitation(block, delta["citation"], out);
      return;
    case "reasoning":
      pushText("reasoning-delta", block.index, delta["thinking"], out);
      if (typeof delta["signature"] === "string") block.signature += delta["signature"];
      return;
    case "tool-call": {
      const text = delta["partial_json"];
      if (typeof text !== "string" || text === "") return;
      block.hasDelta = true;
      out.push({ type: "tool-call-delta", index: block.index, arguments: text });
      return;
    }
  }
}

export function closeBlock(block: OpenBlock, out: ChatEvent[]): void {
  const { index } = block;
  switch (block.type) {
    case "text": {
      // A citation stands for its whole block.
      const citations = block.sources.map((source) => ({ ...source, start: 0, end: block.characters }));
      out.push({ type: "text-end", index, ...(citations.length === 0 ? {} : { citations }) });
      return;
    }
    case "reasoning":
      out.push({
        type: "reasoning-end",
        index,
        ...(block.signature === "" ? {} : { signature: block.signature }),
        ...(block.redacted === undefined ? {} : { redacted: block.redacted }),
      });
      return;
    case "tool-call":
      // A whole call may stand in its start event.
      if (!block.hasDelta && isRecord(block.input) && Object.keys(block.input).length > 0) {
        out.push({ type: "tool-call-delta", index, arguments: tryStringifyJson(block.input) });
      }
      out.push({ type: "tool-call-end", index });
      return;
  }
}

function pushText(type: "text-delta" | "reasoning-delta", index: number, text: unknown, out: ChatEvent[]): void {
  if (typeof text === "string" && text !== "") out.push({ type, index, text });
}

function addText(block: Extract<OpenBlock, { type: "text" }>, text: unknown, out: ChatEvent[]): void {
  if (typeof text === "string") block.characters += countCharacters(text);
  pushText("text-delta", block.index, text, out);
}

/** Other formats can name web pages only; a place in a document the caller sent has no word there. */
function addCitation(block: Extract<OpenBlock, { type: "text" }>, citation: unknown, out: ChatEvent[]): void {
  if (!isRecord(citation)) return;
  const url = citation["type"] === "search_result_location" ? citation["source"] : citation["url"];
  const title = citation["title"];
  if (typeof url === "string" && /^https?:\/\//i.test(url))
    block.sources.push({ url, title: typeof title === "string" ? title : "" });
  else out.push({ type: "warning", message: "citations: places in documents have no word in this format; left out." });
}
