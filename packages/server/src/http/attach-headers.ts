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

/** The request as it came, its original with headers. */
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
  return { ...parsed, original: { ...parsed.original, headers } };
}
