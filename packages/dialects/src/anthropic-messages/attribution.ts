// Claude Code's first system block: a hash that changes from request to request. It says nothing to a model, and a prompt
// that begins with it is never found in a cache. Anthropic itself gets it in the bytes that pass unchanged.

import type { TextPart } from "@auxot/wire/chat";

const attributionPrefix = "x-anthropic-billing-header:";

/** The parts without it. */
export function dropAttribution(parts: readonly TextPart[]): readonly TextPart[] {
  return parts.filter((part) => !part.text.trimStart().startsWith(attributionPrefix));
}
