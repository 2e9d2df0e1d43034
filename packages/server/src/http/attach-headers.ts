// Gives a parsed request the caller's headers that belong to its body, for the passthrough lane. No others go upstream.

import type { IncomingMessage } from "node:http";
import type { ChatRequest } from "@auxot/wire/chat";

const forwardedHeaders = ["anthropic-version", "anthropic-beta", "openai-beta"];

/** The request as it came, its original with headers. */
export function attachHeaders(parsed: ChatRequest, message: IncomingMessage): ChatRequest {
  if (parsed.original === undefined) return parsed;
  const headers: Record<string, string> = {};
  for (const name of forwardedHeaders) {
    const value = message.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return { ...parsed, original: { ...parsed.original, headers } };
}
