// Embeddings of a model server beside the worker, by OpenAI's format. Many servers know no base64, and not all know
// `dimensions`: numbers are asked for, and vectors cut here when the server did not.

import { embeddingsCall } from "@auxot/dialects/openai-embeddings/call";
import { decodeVector, encodeVector, shortenVector } from "@auxot/dialects/vectors";
import type { EmbedPart, EmbedRequest } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";

/** Posts a body to a path of the server and gives the whole answer. Throws what the server answered when that is an error. */
export type PostBody = (path: string, body: string) => Promise<Uint8Array>;

/** A server takes far fewer texts at once than a caller may send. */
const inputsAtOnce = 64;

/** One part for each request to the server. `model` is its own name for the model. */
export async function* embedByServer(request: EmbedRequest, model: string, post: PostBody): AsyncGenerator<EmbedPart> {
  for (let at = 0; at < request.input.length; at += inputsAtOnce) {
    const input = request.input.slice(at, at + inputsAtOnce);
    const { path, body } = embeddingsCall.buildRequest({ ...request, input, encodingFormat: "float" }, model);
    const { vectors, inputTokens } = embeddingsCall.decodeResult(await post(path, body), input.length);
    yield {
      vectors: vectors.map((vector) => fit(vector, request)),
      inputTokens: inputTokens ?? estimateTokens(input),
    };
  }
}

function fit(text: string, { dimensions, model }: EmbedRequest): string {
  const vector = decodeVector(text) ?? new Float32Array();
  if (dimensions === undefined || vector.length === dimensions) return text;
  if (vector.length > dimensions) return encodeVector(shortenVector(vector, dimensions));
  const most = vector.length;
  const message = `dimensions: the vectors of "${model}" have ${most} dimensions; ask for ${most} or fewer.`;
  throw new AppError("invalid_request", message, { param: "dimensions" });
}

/** For the few servers that say nothing of tokens. */
function estimateTokens(input: EmbedRequest["input"]): number {
  return input.reduce((sum, one) => sum + (typeof one === "string" ? Math.ceil(one.length / 4) : one.length), 0);
}
