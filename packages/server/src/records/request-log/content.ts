// A request and its answer -> what is kept of them at a level: bounded, media by type and size only. Pure.

import type { AssistantPart, ChatMessage, ChatRequest, ChatResult, MediaSource, UserPart } from "@auxot/wire/chat";
import type { ContentLevel } from "@auxot/wire/operations/request-log";
import type { Redact } from "./redact.ts";

/** Levels at which something is kept. */
export type KeptLevel = Exclude<ContentLevel, "off">;

export type Content = {
  readonly request: Readonly<Record<string, unknown>>;
  readonly answer: Readonly<Record<string, unknown>> | null;
  readonly truncated: boolean;
};

/** An answer that broke off is what came of it, with no reason why it stopped. */
export type CollectedAnswer = ChatResult & { readonly isComplete: boolean };

/** Characters kept of a request and of an answer each. */
const maxCharacters = 256 * 1024;

export function describeContent(
  request: ChatRequest,
  answer: CollectedAnswer | undefined,
  level: KeptLevel,
  redact: Redact,
): Content {
  const question = createKeeper(level, redact);
  const reply = createKeeper(level, redact);
  const kept = describeRequest(request, question);
  const keptAnswer = answer === undefined ? null : describeAnswer(answer, reply);
  return { request: kept, answer: keptAnswer, truncated: question.isTruncated() || reply.isTruncated() };
}

type Keeper = {
  /** The text, or only its length. */
  text(text: string): unknown;
  readonly keepsText: boolean;
  isTruncated(): boolean;
};

function createKeeper(level: KeptLevel, redact: Redact): Keeper {
  let left = maxCharacters;
  let truncated = false;
  return {
    keepsText: level !== "metadata",
    text(text) {
      if (level === "metadata") return { characters: text.length };
      const cut = text.slice(0, left);
      if (cut.length < text.length) truncated = true;
      left -= cut.length;
      return level === "full" ? cut : redact(cut);
    },
    isTruncated: () => truncated,
  };
}

function describeRequest(request: ChatRequest, keeper: Keeper): Readonly<Record<string, unknown>> {
  const {
    messages,
    tools,
    completion,
    original: _bytes,
    endUser,
    responseFormat,
    promptCacheKey: _hint,
    stop,
    ...settings
  } = request;
  return {
    ...settings,
    ...(endUser === undefined ? {} : { endUser: keeper.text(endUser) }),
    ...(stop === undefined ? {} : { stop: stop.map((text) => keeper.text(text)) }),
    ...(responseFormat === undefined ? {} : { responseFormat: responseFormat.type }),
    ...(completion === undefined ? {} : { completion: describePrompt(completion.prompt, keeper) }),
    tools: tools.map(({ name }) => name),
    messages: messages.map((message) => describeMessage(message, keeper)),
  };
}

function describePrompt(prompt: string | readonly number[], keeper: Keeper): unknown {
  return typeof prompt === "string" ? keeper.text(prompt) : { tokens: prompt.length };
}

function describeMessage(message: ChatMessage, keeper: Keeper): Readonly<Record<string, unknown>> {
  const content = message.content.map((part) => describePart(part, keeper));
  return message.role === "tool"
    ? { role: message.role, callId: message.callId, isError: message.isError === true, content }
    : { role: message.role, content };
}

function describePart(part: UserPart | AssistantPart, keeper: Keeper): Readonly<Record<string, unknown>> {
  switch (part.type) {
    case "text":
      return { type: part.type, text: keeper.text(part.text) };
    case "reasoning":
      return { type: part.type, text: keeper.text(part.text) };
    case "tool-call":
      return { type: part.type, id: part.id, name: part.name, arguments: keeper.text(part.arguments) };
    case "image":
      return { type: part.type, source: describeMedia(part.source, keeper) };
    case "document":
      return {
        type: part.type,
        ...(part.name === undefined ? {} : { name: keeper.text(part.name) }),
        source:
          part.source.type === "text" ? { text: keeper.text(part.source.text) } : describeMedia(part.source, keeper),
      };
  }
}

function describeMedia(source: MediaSource, keeper: Keeper): Readonly<Record<string, unknown>> {
  if (source.type === "url") return { url: keeper.text(source.url) };
  return { mediaType: source.mediaType, sizeBytes: Math.floor((source.data.length * 3) / 4) };
}

function describeAnswer(answer: CollectedAnswer, keeper: Keeper): Readonly<Record<string, unknown>> {
  return {
    stopReason: answer.isComplete ? answer.stopReason : null,
    usage: answer.usage,
    content: answer.content.map((part) => describePart(part, keeper)),
  };
}
