// Claude Code's first system block: a hash that changes with every build, of no use to other vendors' models.

import type { TextPart } from "@auxot/wire/chat";

const attributionPrefix = "x-anthropic-billing-header:";

/** The parts without it. */
export function dropAttribution(parts: readonly TextPart[]): readonly TextPart[] {
  return parts.filter((part) => !part.text.trimStart().startsWith(attributionPrefix));
}
