// EmbedRequest -> an embeddings request for an upstream.

import type { EmbedRequest } from "@auxot/wire/embed";
import type { UpstreamRequest } from "../dialect.ts";
import { optional } from "../reading/read-fields.ts";
import { createWarnings } from "../warnings.ts";

/** Below the base URL as OpenAI's own SDK takes it. */
export const embeddingsPath = "/embeddings";

export function buildRequest(request: EmbedRequest, model: string): UpstreamRequest {
  const [only] = request.input;
  const body = {
    model,
    // Some servers know no lists of one.
    input: request.input.length === 1 ? only : request.input,
    encoding_format: request.encodingFormat,
    ...optional("dimensions", request.dimensions),
    ...optional("user", request.endUser),
  };
  return { path: embeddingsPath, body: JSON.stringify(body), warnings: createWarnings(request).list() };
}
