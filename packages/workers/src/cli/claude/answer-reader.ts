// Claude Code's messages -> the events of one answer. It may be several messages of the model, when the agent's own tools ran
// between them; the caller sees one answer and only its own tools. Pure.

import { createAnswerToolReader } from "@auxot/dialects/fitting/answer-tool";
import { createItemDecoder } from "@auxot/dialects/anthropic-messages/decode-stream";
import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StopReason } from "@auxot/wire/chat";
import { AppError, fromErrorBody } from "@auxot/wire/errors";
import { noUsage, type Usage } from "@auxot/wire/usage";
import { isStreamEvent, type ClaudeMessage } from "./claude-messages.ts";

/** Claude Code's own tool for a JSON schema: what it is called with is the answer. */
export const schemaTool = "StructuredOutput";

/**
 * How the answer ended: `calls` for the caller's tools, `whole` when the agent will stop by itself, `cut` when it would go
 * on by itself and must be stopped.
 */
export type AnswerEnd = "calls" | "whole" | "cut";
export type AnswerStep = { readonly events: readonly ChatEvent[]; readonly end?: AnswerEnd };

export type AnswerReader = {
  /** Throws `source_failed` when the agent begins an answer again of which the caller has seen something. */
  push(message: ClaudeMessage): AnswerStep;
  hasContent(): boolean;
  /** It is one of the caller's tools that was called so. */
  hasCall(id: string): boolean;
};

export type AnswerReaderOptions = {
  /** The caller's. Calls of other tools are the agent's own and stay inside. */
  readonly toolNames: ReadonlySet<string>;
  readonly hasSchema: boolean;
};

const nothing: AnswerStep = { events: [] };

export function createAnswerReader({ toolNames, hasSchema }: AnswerReaderOptions): AnswerReader {
  const readSchemaTool = createAnswerToolReader(schemaTool);
  let message: MessageReader | undefined;
  let nextIndex = 0;
  let isStarted = false;
  let hasContent = false;
  let before = noUsage;
  const callIds = new Set<string>();

  function isShown(name: string): boolean {
    return toolNames.has(name) || (hasSchema && name === schemaTool);
  }

  function readEnd(read: MessageReader, reason: Extract<ChatEvent, { type: "end" }>): AnswerStep {
    before = addUsage(before, read.usage());
    message = undefined;
    if (reason.stopReason === "tool-calls") {
      if (read.shownCalls() === 0) return nothing;
      const isAnswer = read.shownCalls() === read.schemaCalls();
      return { events: [reason], end: isAnswer ? "whole" : "calls" };
    }
    return { events: [reason], end: goesOn(reason.stopReason) ? "cut" : "whole" };
  }

  function push(raw: ClaudeMessage): AnswerStep {
    if (!isStreamEvent(raw) || raw.parent_tool_use_id !== null) return nothing;
    if (raw.event.type === "message_start") {
      if (message !== undefined && message.hasContent()) {
        throw new AppError("source_failed", "Claude Code lost its answer in the middle and began it again.");
      }
      message = createMessageReader(isShown, () => nextIndex++);
    }
    if (message === undefined) return nothing;
    const events: ChatEvent[] = [];
    let step: AnswerStep | undefined;
    for (const event of message.push(raw.event)) {
      if (event.type === "error") throw fromErrorBody(event.error);
      else if (event.type === "end") step = readEnd(message, event);
      else if (event.type === "usage") events.push({ type: "usage", usage: addUsage(before, event.usage) });
      else if (event.type !== "start") {
        if (event.type === "tool-call-start" && toolNames.has(event.name)) callIds.add(event.id);
        events.push(event);
      } else if (!isStarted) {
        isStarted = true;
        events.push(event);
      }
    }
    const all = readSchemaTool([...events, ...(step?.events ?? [])]);
    hasContent ||= all.some((event) => event.type !== "start" && event.type !== "usage" && event.type !== "warning");
    return { events: all, ...(step?.end === undefined ? {} : { end: step.end }) };
  }

  return { push, hasContent: () => hasContent, hasCall: (id) => callIds.has(id) };
}

type MessageReader = {
  push(event: object): readonly ChatEvent[];
  usage(): Usage;
  shownCalls(): number;
  schemaCalls(): number;
  hasContent(): boolean;
};

/** One message of the model. Blocks are counted through the whole answer; what is not shown has no number. */
function createMessageReader(isShown: (tool: string) => boolean, takeIndex: () => number): MessageReader {
  const decoder = createItemDecoder();
  const indexes = new Map<number, number>();
  let usage = noUsage;
  let shownCalls = 0;
  let schemaCalls = 0;

  function place(event: ChatEvent): ChatEvent[] {
    if (event.type === "usage") usage = event.usage;
    if (!("index" in event)) return [event];
    if (event.type === "tool-call-start") {
      if (!isShown(event.name)) return [];
      shownCalls++;
      if (event.name === schemaTool) schemaCalls++;
    }
    const isStart = event.type === "text-start" || event.type === "reasoning-start" || event.type === "tool-call-start";
    if (isStart) indexes.set(event.index, takeIndex());
    const index = indexes.get(event.index);
    return index === undefined ? [] : [{ ...event, index }];
  }

  return {
    push(event) {
      const out: ChatEvent[] = [];
      decoder.push({ event: "", data: JSON.stringify(event) }, out);
      return out.flatMap(place);
    },
    usage: () => usage,
    shownCalls: () => shownCalls,
    schemaCalls: () => schemaCalls,
    hasContent: () => indexes.size > 0,
  };
}

/** After these Claude Code would ask the model again, with words of its own. */
function goesOn(reason: StopReason): boolean {
  return reason !== "stop" && reason !== "stop-sequence";
}

function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}
