// Embeddings of a cloud provider of OpenAI's kind: the caller's bytes go on, with only the model and the credential
// replaced, and so does the answer. Its vectors are not looked at.

import { embeddingsPath } from "@auxot/dialects/openai-embeddings/build-request";
import { embeddingsCall } from "@auxot/dialects/openai-embeddings/call";
import type { EmbedRequest } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import { z } from "zod";
import { pickPassedHeaders } from "./passed-answer.ts";
import type { EmbedAnswer, PassedEmbeddings, SourceCall } from "./source.ts";
import { readAll, type UpstreamResponse } from "./upstream.ts";

/** Sends a body to a path below the provider's base URL. Throws what the provider answered when that is an error. */
export type SendBody = (path: string, body: Uint8Array) => Promise<UpstreamResponse>;

/** 2048 vectors of 3072 numbers, as OpenAI writes them: indented, one a line. */
const maxAnswerBytes = 256 * 2 ** 20;

/** Throws `source_failed` when the answer is none. */
export async function passEmbeddings(
  { request, targets }: SourceCall<EmbedRequest>,
  send: SendBody,
): Promise<{ readonly part: PassedEmbeddings; readonly headers: NonNullable<EmbedAnswer["headers"]> }> {
  const [target] = targets;
  const { original } = request;
  if (target === undefined || original === undefined) throw new AppError("internal", "Nothing to pass on.");
  const response = await send(embeddingsPath, embeddingsCall.rewriteModel(original.body, target.model));
  const bytes = await readAll(response.chunks, maxAnswerBytes);
  return { part: { bytes, inputTokens: readInputTokens(bytes) }, headers: pickPassedHeaders(response.headers) };
}

const answerSchema = z.object({
  data: z.array(z.unknown()),
  usage: z.object({ prompt_tokens: z.number().nonnegative() }).optional().catch(undefined),
});

function readInputTokens(bytes: Buffer): number | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new AppError("source_failed", "The source answered with something that is not JSON.", { cause });
  }
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw new AppError("source_failed", "The source answered without embeddings.");
  return parsed.data.usage?.prompt_tokens;
}
