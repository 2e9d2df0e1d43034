// The content of a message or delta of an answer: a string, or (Mistral) parts of text and thinking.

import { isRecord } from "../reading/json.ts";

export type ContentPiece = { readonly kind: "text" | "reasoning"; readonly text: unknown };

/** In order; parts that are neither text nor thinking have no word here. https://docs.mistral.ai/capabilities/reasoning */
export function readContent(content: unknown): readonly ContentPiece[] {
  if (!Array.isArray(content)) return [{ kind: "text", text: content }];
  return content.filter(isRecord).flatMap((part): ContentPiece[] => {
    const { type, text, thinking } = part;
    if (type === "text") return [{ kind: "text", text }];
    if (type !== "thinking") return [];
    const pieces = Array.isArray(thinking) ? thinking.filter(isRecord).map((piece) => piece["text"]) : [thinking];
    return pieces.map((piece) => ({ kind: "reasoning", text: piece }));
  });
}
