// EmbedResult -> an embeddings answer.

import type { EmbedRequest, EmbedResult } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import { decodeVector } from "../vectors.ts";
import type { OpenaiEmbeddings } from "./schema.ts";

/** JSON text. `model` is the one that served the request. */
export function encodeResult(
  result: EmbedResult,
  { model, encodingFormat }: { readonly model: string } & Pick<EmbedRequest, "encodingFormat">,
): string {
  const tokens = result.inputTokens ?? 0;
  const answer: OpenaiEmbeddings = {
    object: "list",
    data: result.vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: encodingFormat === "base64" ? vector : readNumbers(vector),
    })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
  return JSON.stringify(answer);
}

function readNumbers(vector: string): number[] {
  const numbers = decodeVector(vector);
  if (numbers === undefined) throw new AppError("source_failed", "The source answered with a vector that is none.");
  return Array.from(numbers);
}
