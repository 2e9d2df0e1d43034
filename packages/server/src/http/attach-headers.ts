// Gives a parsed request the caller's headers that belong to its body, for the passthrough lane. No others go upstream.

import type { IncomingMessage } from "node:http";
import type { RequestOriginal } from "@auxot/wire/chat";

/**
 * What belongs to the body, and by what Claude Code and Codex name their session. Not `openai-organization` and
 * `openai-project`: they choose who pays, like a credential, and the credential is the operator's.
 */
const forwardedHeaders = [
  "anthropic-version",
  "anthropic-beta",
  "openai-beta",
  "x-claude-code-session-id",
  "x-claude-code-agent-id",
  "x-claude-code-parent-agent-id",
  "session_id",
  "session-id",
  "conversation_id",
];

/** By what clients name a session. The first there counts; they are read, and go on only where they are listed above. */
const sessionHeaders = [
  "x-claude-code-session-id",
  "session-id",
  "session_id",
  "thread-id",
  "x-session-id",
  "x-session-affinity",
  "conversation_id",
];

/** The request as it came, its original with headers and the session they name. */
export function attachHeaders<Request extends { readonly original?: RequestOriginal }>(
  parsed: Request,
  message: IncomingMessage,
): Request {
  if (parsed.original === undefined) return parsed;
  const headers: Record<string, string> = {};
  for (const name of forwardedHeaders) {
    const value = message.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const session = sessionHeaders.map((name) => message.headers[name]).find((value) => typeof value === "string");
  const named = typeof session === "string" ? { session } : {};
  return { ...parsed, original: { ...parsed.original, headers, ...named } };
}
