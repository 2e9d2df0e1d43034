// The events of one answer, and folding them into a result. Order: start? (blocks, usage, warning)* then end or error, once.

import { AppError, type ErrorBody } from "./errors.ts";
import type { AssistantPart, ChatResult, StopReason, UrlCitation } from "./chat.ts";
import type { Usage } from "./usage.ts";

/**
 * A block (text, reasoning, tool call) has a dense index from 0 in the order of the start events.
 * Tool-call blocks may interleave. `usage` is cumulative: the last one holds.
 */
export type ChatEvent =
  | { readonly type: "start"; readonly model?: string }
  | { readonly type: "text-start"; readonly index: number; readonly refusal?: true }
  | { readonly type: "text-delta"; readonly index: number; readonly text: string }
  | { readonly type: "text-end"; readonly index: number; readonly citations?: readonly UrlCitation[] }
  | { readonly type: "reasoning-start"; readonly index: number }
  | { readonly type: "reasoning-delta"; readonly index: number; readonly text: string }
  | { readonly type: "reasoning-end"; readonly index: number; readonly signature?: string; readonly redacted?: string }
  | { readonly type: "tool-call-start"; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: "tool-call-delta"; readonly index: number; readonly arguments: string }
  | { readonly type: "tool-call-end"; readonly index: number }
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "end"; readonly stopReason: StopReason; readonly stopSequence?: string }
  | { readonly type: "error"; readonly error: ErrorBody };

/**
 * What one read from a source gave. With `bytes`, those are whole frames (or the whole body) in the caller's own
 * dialect, to be sent on as they are; `events` then tells only what the router needs to know of them: that content
 * began, usage, end, error.
 */
export type AnswerBatch = {
  readonly events: readonly ChatEvent[];
  readonly bytes?: Uint8Array;
};

/** True for an event after which the caller has seen content: the commit point. */
export function isContent(event: ChatEvent): boolean {
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      return event.text !== "";
    case "tool-call-start":
    case "tool-call-delta":
    case "end":
      return true;
    case "reasoning-end":
      return event.signature !== undefined || event.redacted !== undefined;
    case "start":
    case "text-start":
    case "text-end":
    case "reasoning-start":
    case "tool-call-end":
    case "usage":
    case "warning":
    case "error":
      return false;
  }
}

export type EventFold = {
  push(event: ChatEvent): void;
  /** Throws `source_failed` when no `end` came, and the event's own error when an `error` came. */
  result(): ChatResult;
};

/** Collects the events of one answer. Empty text blocks are left out, empty arguments become "{}". */
export function createEventFold(): EventFold {
  const blocks: { part: AssistantPart; pieces: string[] }[] = [];
  let model: string | undefined;
  let usage: Usage | undefined;
  let end: { stopReason: StopReason; stopSequence?: string } | undefined;
  let failure: ErrorBody | undefined;
  const warnings = new Set<string>();

  function block(index: number): { part: AssistantPart; pieces: string[] } {
    const found = blocks[index];
    if (found === undefined)
      throw new AppError("source_failed", `The source sent a delta for block ${index} before its start.`);
    return found;
  }

  return {
    push(event) {
      switch (event.type) {
        case "start":
          model = event.model ?? model;
          return;
        case "text-start":
          blocks[event.index] = {
            part: { type: "text", text: "", ...(event.refusal ? { refusal: true } : {}) },
            pieces: [],
          };
          return;
        case "reasoning-start":
          blocks[event.index] = { part: { type: "reasoning", text: "" }, pieces: [] };
          return;
        case "tool-call-start":
          blocks[event.index] = {
            part: { type: "tool-call", id: event.id, name: event.name, arguments: "" },
            pieces: [],
          };
          return;
        case "text-delta":
        case "reasoning-delta":
          block(event.index).pieces.push(event.text);
          return;
        case "tool-call-delta":
          block(event.index).pieces.push(event.arguments);
          return;
        case "reasoning-end": {
          const target = block(event.index);
          if (target.part.type !== "reasoning") return;
          target.part = {
            ...target.part,
            ...(event.signature === undefined ? {} : { signature: event.signature }),
            ...(event.redacted === undefined ? {} : { redacted: event.redacted }),
          };
          return;
        }
        case "usage":
          usage = event.usage;
          return;
        case "end":
          end = event;
          return;
        case "error":
          failure = event.error;
          return;
        case "warning":
          warnings.add(event.message);
          return;
        case "text-end": {
          const target = block(event.index);
          if (target.part.type === "text" && event.citations !== undefined)
            target.part = { ...target.part, citations: event.citations };
          return;
        }
        case "tool-call-end":
          return;
      }
    },
    result() {
      if (failure !== undefined) throw new AppError(failure.code, failure.message, failure);
      if (end === undefined) throw new AppError("source_failed", "The source stopped before the answer was complete.");
      return {
        ...(model === undefined ? {} : { model }),
        content: blocks.map(finishBlock).filter((part) => !isEmpty(part)),
        stopReason: end.stopReason,
        ...(end.stopSequence === undefined ? {} : { stopSequence: end.stopSequence }),
        ...(usage === undefined ? {} : { usage }),
        ...(warnings.size === 0 ? {} : { warnings: [...warnings] }),
      };
    },
  };
}

/** Folds a finished list of events. */
export function foldEvents(events: Iterable<ChatEvent>): ChatResult {
  const fold = createEventFold();
  for (const event of events) fold.push(event);
  return fold.result();
}

/** The events that fold back into `result`, one delta a block. */
export function unfoldResult(result: ChatResult): ChatEvent[] {
  const events: ChatEvent[] = [{ type: "start", ...(result.model === undefined ? {} : { model: result.model }) }];
  for (const [index, part] of result.content.entries()) {
    switch (part.type) {
      case "text":
        events.push(
          { type: "text-start", index, ...(part.refusal ? { refusal: true } : {}) },
          { type: "text-delta", index, text: part.text },
          { type: "text-end", index, ...(part.citations === undefined ? {} : { citations: part.citations }) },
        );
        break;
      case "reasoning":
        events.push({ type: "reasoning-start", index });
        if (part.text !== "") events.push({ type: "reasoning-delta", index, text: part.text });
        events.push({
          type: "reasoning-end",
          index,
          ...(part.signature === undefined ? {} : { signature: part.signature }),
          ...(part.redacted === undefined ? {} : { redacted: part.redacted }),
        });
        break;
      case "tool-call":
        events.push(
          { type: "tool-call-start", index, id: part.id, name: part.name },
          { type: "tool-call-delta", index, arguments: part.arguments },
          { type: "tool-call-end", index },
        );
        break;
    }
  }
  for (const message of result.warnings ?? []) events.push({ type: "warning", message });
  if (result.usage !== undefined) events.push({ type: "usage", usage: result.usage });
  events.push({
    type: "end",
    stopReason: result.stopReason,
    ...(result.stopSequence === undefined ? {} : { stopSequence: result.stopSequence }),
  });
  return events;
}

function finishBlock({ part, pieces }: { part: AssistantPart; pieces: string[] }): AssistantPart {
  const text = pieces.join("");
  return part.type === "tool-call" ? { ...part, arguments: text.trim() === "" ? "{}" : text } : { ...part, text };
}

function isEmpty(part: AssistantPart): boolean {
  if (part.type === "text") return part.text === "";
  if (part.type === "reasoning") return part.text === "" && part.signature === undefined && part.redacted === undefined;
  return false;
}
