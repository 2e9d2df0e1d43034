// Reads off a request which earlier ones it goes on from: the session its caller names, the tool calls it answers. Pure.

import type { ChatMessage, ChatRequest } from "@auxot/wire/chat";
import { hashText } from "../platform/hash-text.ts";

export type Conversation = {
  readonly callerId: string;
  /** The session and the model as the caller names them, hashed. Absent: the caller names no session. */
  readonly session?: string;
  /** Ids of the tool calls whose results the request ends with. */
  readonly answers: readonly string[];
};

/** More results than that are not looked at: one is enough to know a conversation by. */
const maxAnswers = 64;

/** Requests of one session ask different models with different prompts, so each model is a conversation of its own. */
export function readConversation(callerId: string, request: ChatRequest): Conversation {
  const { original, promptCacheKey, endUser, model } = request;
  const session = original?.session ?? promptCacheKey ?? readSessionOfUser(endUser);
  return {
    callerId,
    ...(session === undefined || session === "" ? {} : { session: hashText(`${model}\n${session}`) }),
    answers: listAnswers(request.messages),
  };
}

/** What stands behind the last answer. Some callers put words beside their tools' results. */
function listAnswers(messages: readonly ChatMessage[]): string[] {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  const ids = messages.slice(last + 1).flatMap((message) => (message.role === "tool" ? [message.callId] : []));
  return ids.slice(0, maxAnswers);
}

/** Claude Code names its session in `metadata.user_id`: older ones at its end, newer ones as a field of JSON text. */
function readSessionOfUser(endUser: string | undefined): string | undefined {
  if (endUser === undefined) return undefined;
  const plain = /_session_([\w-]+)$/.exec(endUser)?.[1];
  return plain ?? /^\{.*"session_id"\s*:\s*"([\w-]+)"/s.exec(endUser)?.[1];
}
