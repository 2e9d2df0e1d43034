// An embeddings answer -> EmbedResult. Vectors come as numbers or as base64, whatever was asked for: many servers know
// only one of the two.

import type { EmbedResult } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import { isRecord } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import { parseResultBody } from "../answers/result-body.ts";
import { readCount } from "../streams/stream-decoder.ts";
import { decodeVector, encodeVector } from "../vectors.ts";

/** Throws `source_failed` when the body is not an answer with `count` vectors. */
export function decodeResult(body: Uint8Array, count: number): EmbedResult {
  const answer = parseResultBody(body);
  const data = answer["data"];
  if (!Array.isArray(data) || data.length !== count) {
    throw fail(`answered with ${Array.isArray(data) ? data.length : "no"} embeddings for ${count} inputs`);
  }
  const vectors: string[] = [];
  for (const [at, entry] of data.entries()) {
    if (!isRecord(entry)) throw fail("answered with an embedding that is no object");
    const index = entry["index"] ?? at;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count) {
      throw fail("answered with an embedding of an index nobody asked for");
    }
    vectors[index] = readVector(entry);
  }
  if (Object.keys(vectors).length !== count) throw fail("answered with two embeddings of one index");
  const usage = isRecord(answer["usage"]) ? answer["usage"] : {};
  const inputTokens = readCount(usage["prompt_tokens"]) ?? readCount(usage["total_tokens"]);
  return {
    ...(typeof answer["model"] === "string" && answer["model"] !== "" ? { model: answer["model"] } : {}),
    vectors,
    ...(inputTokens === undefined ? {} : { inputTokens }),
  };
}

function readVector({ embedding }: Fields): string {
  if (typeof embedding === "string" && decodeVector(embedding) !== undefined) return embedding;
  const isNumbers =
    Array.isArray(embedding) && embedding.length > 0 && embedding.every((value) => Number.isFinite(value));
  if (!isNumbers) throw fail("answered with a vector that is none");
  return encodeVector(Float32Array.from(embedding as readonly number[]));
}

function fail(what: string): AppError {
  return new AppError("source_failed", `The source ${what}.`);
}
