// Which format a cloud provider is spoken to for a request: its dialect, or one of OpenAI's formats beside it, which every
// provider of OpenAI's kind answers under the same base URL with the same key.

import type { Dialect, Format } from "@auxot/dialects/dialect";
import { openaiCompletions } from "@auxot/dialects/openai-completions/format";
import type { ChatRequest } from "@auxot/wire/chat";

export function isOpenaiKind({ name }: Dialect): boolean {
  return name !== "anthropic-messages";
}

/** A prompt to go on with is a message to a provider that only chats, and `warnings` say so. */
export function chooseFormat(
  dialect: Dialect,
  { completion }: ChatRequest,
): { readonly format: Format; readonly warnings: readonly string[] } {
  if (completion === undefined) return { format: dialect, warnings: [] };
  if (isOpenaiKind(dialect)) return { format: openaiCompletions, warnings: [] };
  return {
    format: dialect,
    warnings: ["prompt: this source only chats; it was sent as one message, so the answer may not go on with it."],
  };
}
