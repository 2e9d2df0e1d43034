// Speaking OpenAI's embeddings format to an upstream. Headers are those of the provider's own dialect.

import { replaceModel } from "../passing/replace-model.ts";
import { decodeUpstreamError } from "../answers/upstream-error.ts";
import { buildRequest } from "./build-request.ts";
import { decodeResult } from "./decode-result.ts";

export const embeddingsCall = {
  buildRequest,
  /** The caller's own bytes with only the model replaced. */
  rewriteModel: replaceModel,
  decodeResult,
  decodeError: decodeUpstreamError,
} as const;
