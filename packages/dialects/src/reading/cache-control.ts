// Anthropic's `cache_control`, which several clients also send on OpenAI bodies.

import type { CacheControl, ChatMessage } from "@auxot/wire/chat";
import { isAbsent, readOneOf, readRecord, type Fields } from "./read-fields.ts";

/** `{ cacheControl }` or nothing. */
export function readCacheControl(fields: Fields, path: string): { readonly cacheControl?: CacheControl } {
  const value = fields["cache_control"];
  if (isAbsent(value)) return {};
  const control = readRecord(value, `${path}.cache_control`);
  const type = readOneOf(control["type"], `${path}.cache_control.type`, ["ephemeral"]);
  if (isAbsent(control["ttl"])) return { cacheControl: { type } };
  return { cacheControl: { type, ttl: readOneOf(control["ttl"], `${path}.cache_control.ttl`, ["5m", "1h"]) } };
}

/** A caching hint changes no answer, but the caller paid attention to it. */
export function warnOfCacheControl(message: ChatMessage, warn: (message: string) => void): void {
  const marked =
    (message.role === "tool" && message.cacheControl !== undefined) ||
    message.content.some((part) => "cacheControl" in part && part.cacheControl !== undefined);
  if (marked) warn("cache_control: this provider's format has no cache markers; they were not sent.");
}
