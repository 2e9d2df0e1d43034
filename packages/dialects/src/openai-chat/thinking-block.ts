// Reasoning with its proof in a chat message: our extension, the same shape LiteLLM uses.

import type { ReasoningPart } from "@auxot/wire/chat";
import type { OpenaiThinkingBlock } from "./schema.ts";

export function buildThinkingBlock({ text, signature, redacted }: ReasoningPart): OpenaiThinkingBlock {
  return redacted === undefined
    ? { type: "thinking", thinking: text, signature: signature ?? "" }
    : { type: "redacted_thinking", data: redacted };
}

/** All or none: whoever sends the blocks back must have the whole reasoning in them. */
export function buildThinkingBlocks(reasoning: readonly ReasoningPart[]): readonly OpenaiThinkingBlock[] | undefined {
  const hasProof = reasoning.some((part) => part.signature !== undefined || part.redacted !== undefined);
  return hasProof ? reasoning.map(buildThinkingBlock) : undefined;
}
