// Output items of a Responses upstream -> events. Each item is told in pieces and again whole at its end; servers differ
// in which of the two they leave out.

import type { ChatEvent } from "@auxot/wire/chat-event";
import { isRecord } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import { readEncryptedContent } from "../reasoning-proof.ts";
import { buildCustomArguments, flattenToolName } from "../fitting/tool-kinds.ts";
import { readUrlCitations } from "../answers/url-citations.ts";
import { joinReasoning } from "./parse-items.ts";

type TextKind = "text" | "refusal";
type ReasoningKind = "content" | "summary";
type TextBlock = { readonly index: number; hasText: boolean };
type Message = { readonly type: "message"; readonly open: Map<unknown, TextBlock>; readonly seen: Set<unknown> };
type Reasoning = {
  readonly type: "reasoning";
  readonly index: number;
  /** Where the text comes from: the first kind that was streamed. */
  kind: ReasoningKind | undefined;
  part: unknown;
};
type Call = { readonly type: "call"; readonly index: number; readonly isCustom: boolean; hasText: boolean };
type OpenItem = (Message | Reasoning | Call) & { readonly first: Fields };

export type ItemReader = {
  /** `output_item.added`. */
  open(position: unknown, item: Fields, out: ChatEvent[]): void;
  pushText(position: unknown, part: unknown, kind: TextKind, text: unknown, out: ChatEvent[]): void;
  pushReasoning(position: unknown, part: unknown, kind: ReasoningKind, text: unknown, out: ChatEvent[]): void;
  pushCall(position: unknown, text: unknown, out: ChatEvent[]): void;
  /** `output_item.done`: what was not streamed is taken from `item`. */
  close(position: unknown, item: Fields, out: ChatEvent[]): void;
  closeAll(out: ChatEvent[]): void;
  isEmpty(): boolean;
  hasCalls(): boolean;
};

export function createItemReader(): ItemReader {
  const items = new Map<unknown, OpenItem>();
  const done = new Set<unknown>();
  let nextIndex = 0;
  let isEmpty = true;
  let hasCalls = false;

  function open(position: unknown, first: Fields, out: ChatEvent[]): OpenItem | undefined {
    const known = items.get(position);
    if (known !== undefined || done.has(position)) return known;
    const item = openItem(first, () => nextIndex++, out);
    isEmpty = false;
    hasCalls ||= item?.type === "call";
    if (item === undefined) return undefined;
    const opened = { ...item, first };
    items.set(position, opened);
    return opened;
  }

  /** Some servers begin with the deltas. */
  function openMessage(position: unknown, out: ChatEvent[]): Message | undefined {
    const item = items.get(position) ?? open(position, { type: "message" }, out);
    return item?.type === "message" ? item : undefined;
  }

  function pushText(position: unknown, part: unknown, kind: TextKind, text: unknown, out: ChatEvent[]): void {
    if (typeof text !== "string" || text === "") return;
    const message = openMessage(position, out);
    if (message === undefined) return;
    let block = message.open.get(part);
    if (block === undefined) {
      if (message.seen.has(part)) return;
      message.seen.add(part);
      block = { index: nextIndex++, hasText: false };
      message.open.set(part, block);
      out.push({ type: "text-start", index: block.index, ...(kind === "refusal" ? { refusal: true } : {}) });
    }
    block.hasText = true;
    out.push({ type: "text-delta", index: block.index, text });
  }

  function closeMessage(position: unknown, message: Message, item: Fields, out: ChatEvent[]): void {
    const content = Array.isArray(item["content"]) ? item["content"] : [];
    for (const [at, part] of content.entries()) {
      if (!isRecord(part) || message.seen.has(at)) continue;
      const kind = part["type"] === "refusal" ? "refusal" : "text";
      pushText(position, at, kind, kind === "refusal" ? part["refusal"] : part["text"], out);
    }
    for (const [part, { index }] of message.open) {
      const done: unknown = content[Number(part)];
      const citations = isRecord(done) ? readUrlCitations(done["annotations"], 0) : [];
      out.push({ type: "text-end", index, ...(citations.length === 0 ? {} : { citations }) });
    }
  }

  function close(position: unknown, item: Fields, out: ChatEvent[]): void {
    const opened = items.get(position) ?? open(position, item, out);
    if (opened === undefined) return;
    switch (opened.type) {
      case "message":
        closeMessage(position, opened, item, out);
        break;
      case "reasoning":
        closeReasoning(opened, item, out);
        break;
      case "call":
        closeCall(opened, item, out);
        break;
    }
    items.delete(position);
    done.add(position);
  }

  return {
    open: (position, item, out) => void open(position, item, out),
    pushText,
    pushReasoning(position, part, kind, text, out) {
      const item = items.get(position) ?? open(position, { type: "reasoning" }, out);
      if (item?.type !== "reasoning" || typeof text !== "string" || text === "") return;
      if (item.kind !== undefined && item.kind !== kind) return;
      if (item.kind !== undefined && item.part !== part)
        out.push({ type: "reasoning-delta", index: item.index, text: "\n\n" });
      item.kind = kind;
      item.part = part;
      out.push({ type: "reasoning-delta", index: item.index, text });
    },
    pushCall(position, text, out) {
      const item = items.get(position);
      if (item?.type === "call" && typeof text === "string" && text !== "") pushArguments(item, text, out);
    },
    close,
    closeAll(out) {
      for (const [position, item] of items) close(position, item.first, out);
    },
    isEmpty: () => isEmpty,
    hasCalls: () => hasCalls,
  };
}

/** Undefined for items of tools the provider runs itself: they are no calls for the client. */
function openItem(item: Fields, takeIndex: () => number, out: ChatEvent[]): Message | Reasoning | Call | undefined {
  switch (item["type"]) {
    case "message":
      return { type: "message", open: new Map(), seen: new Set() };
    case "reasoning": {
      const index = takeIndex();
      out.push({ type: "reasoning-start", index });
      return { type: "reasoning", index, kind: undefined, part: undefined };
    }
    case "function_call":
    case "custom_tool_call": {
      const index = takeIndex();
      const id = [item["call_id"], item["id"]].find((text) => typeof text === "string" && text !== "");
      const name = typeof item["name"] === "string" ? item["name"] : "";
      const namespace = typeof item["namespace"] === "string" ? item["namespace"] : "";
      out.push({
        type: "tool-call-start",
        index,
        id: typeof id === "string" ? id : `call_${index}`,
        name: namespace === "" ? name : flattenToolName(namespace, name),
      });
      return { type: "call", index, isCustom: item["type"] === "custom_tool_call", hasText: false };
    }
    default:
      return undefined;
  }
}

function closeReasoning({ index, kind }: Reasoning, item: Fields, out: ChatEvent[]): void {
  const text = kind === undefined ? joinReasoning(readTexts(item["content"]), readTexts(item["summary"])) : "";
  if (text !== "") out.push({ type: "reasoning-delta", index, text });
  out.push({ type: "reasoning-end", index, ...readEncryptedContent(item["id"], item["encrypted_content"]) });
}

function readTexts(parts: unknown): string[] {
  if (!Array.isArray(parts)) return [];
  return parts.flatMap((part: unknown) => (isRecord(part) && typeof part["text"] === "string" ? [part["text"]] : []));
}

/** A custom call's text becomes the one string of a function's arguments, piece by piece. */
function pushArguments(call: Call, text: string, out: ChatEvent[]): void {
  const head = call.hasText ? "" : '{"input":"';
  const piece = call.isCustom ? `${head}${JSON.stringify(text).slice(1, -1)}` : text;
  call.hasText = true;
  out.push({ type: "tool-call-delta", index: call.index, arguments: piece });
}

function closeCall(call: Call, item: Fields, out: ChatEvent[]): void {
  const { index } = call;
  const whole = call.isCustom ? item["input"] : item["arguments"];
  if (call.hasText && call.isCustom) out.push({ type: "tool-call-delta", index, arguments: '"}' });
  else if (!call.hasText && (typeof whole === "string" || call.isCustom)) {
    const text = typeof whole === "string" ? whole : "";
    const piece = call.isCustom ? buildCustomArguments(text) : text;
    if (piece !== "") out.push({ type: "tool-call-delta", index, arguments: piece });
  }
  out.push({ type: "tool-call-end", index });
}
