// Whether a request goes on with a conversation that a process still has in its memory. Pure.

import { createHash } from "node:crypto";
import type { AssistantPart, ChatMessage, ChatRequest, ChatResult } from "@auxot/wire/chat";
import type { ToolResult, UserMessage } from "./adapter.ts";

/** What a process knows after a turn. */
export type Memory = {
  /** Of model, tools and everything else that holds for the whole conversation. */
  readonly setup: string;
  /** Of the messages it was asked with. */
  readonly asked: string;
  /** Of the text it answered with. */
  readonly answered: string;
  /** Ids of the tool calls it answered with. */
  readonly callIds: readonly string[];
};

/** What is new in a request, after what a process knows. */
export type Continuation =
  | { readonly kind: "results"; readonly results: readonly ToolResult[] }
  | { readonly kind: "message"; readonly message: UserMessage };

export function rememberAnswer(request: ChatRequest, answer: ChatResult): Memory {
  return {
    setup: digestSetup(request),
    asked: digest(request.messages.map(simplify)),
    answered: digest(readText(answer.content)),
    callIds: readCallIds(answer.content),
  };
}

/** The part of a request that a process with this memory has to be told; undefined when it is another conversation. */
export function findContinuation(request: ChatRequest, memory: Memory): Continuation | undefined {
  const { messages } = request;
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  if (last < 0) return undefined;
  // Some clients send text and calls of one answer as two messages.
  let first = last;
  while (messages[first - 1]?.role === "assistant") first--;
  const answer = messages.slice(first, last + 1).flatMap((one) => (one.role === "assistant" ? one.content : []));
  if (!isSameSet(readCallIds(answer), memory.callIds)) return undefined;
  const news = readNews(messages.slice(last + 1), memory, answer);
  if (news === undefined || digestSetup(request) !== memory.setup) return undefined;
  return digest(messages.slice(0, first).map(simplify)) === memory.asked ? news : undefined;
}

function readNews(
  news: readonly ChatMessage[],
  { callIds, answered }: Memory,
  answer: readonly AssistantPart[],
): Continuation | undefined {
  if (callIds.length > 0) {
    const results = news.flatMap((one) => (one.role === "tool" ? [one] : []));
    const ids = results.map(({ callId }) => callId);
    if (results.length !== news.length || !isSameSet(ids, callIds)) return undefined;
    // As the model called them, whatever order the caller answered in.
    const ordered = callIds.flatMap((id) => results.filter(({ callId }) => callId === id));
    return { kind: "results", results: ordered };
  }
  const [message, ...more] = news;
  if (message?.role !== "user" || more.length > 0 || digest(readText(answer)) !== answered) return undefined;
  return { kind: "message", message };
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length;
}

function readText(parts: readonly AssistantPart[]): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}

function readCallIds(parts: readonly AssistantPart[]): string[] {
  return parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : []));
}

/** Without what clients drop or change and the model's answer does not depend on: reasoning and cache marks. */
function simplify(message: ChatMessage): object {
  const parts = message.content as readonly (AssistantPart | { readonly type: string })[];
  const content = parts
    .filter((part) => part.type !== "reasoning")
    .map((part) => ({ ...part, cacheControl: undefined }));
  return { ...message, cacheControl: undefined, content };
}

function digestSetup(request: ChatRequest): string {
  const { model, tools, toolChoice, parallelToolCalls, responseFormat, reasoning, maxOutputTokens } = request;
  const plainTools = tools.map((tool) => ({ ...tool, cacheControl: undefined }));
  return digest({
    model,
    tools: plainTools,
    toolChoice,
    parallelToolCalls,
    responseFormat,
    reasoning,
    maxOutputTokens,
  });
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64");
}
