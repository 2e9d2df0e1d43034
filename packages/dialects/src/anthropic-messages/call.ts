// Speaking Anthropic's Messages to an upstream.

import type { CallSide } from "../dialect.ts";
import { replaceModel } from "../passing/replace-model.ts";
import { createSseDecoder } from "../streams/stream-decoder.ts";
import { createStreamScanner } from "../passing/stream-scanner.ts";
import { decodeUpstreamError } from "../answers/upstream-error.ts";
import { buildRequest } from "./build-request.ts";
import { decodeResult } from "./decode-result.ts";
import { createItemDecoder } from "./decode-stream.ts";
import { rewriteReasoning } from "./rewrite-reasoning.ts";

/** Quotes keep text that mentions these words out: inside a JSON string they are escaped. */
const markers = /"message_delta"|"message_stop"|"usage"|"error"/;
/** https://platform.claude.com/docs/en/api/versioning */
const apiVersion = "2023-06-01";

export const anthropicCall: CallSide = {
  // The API takes addresses that begin with https only.
  needsBytes: ({ source }) => !/^https:/i.test(source.url),
  buildRequest,
  rewriteModel: replaceModel,
  rewriteReasoning,
  buildHeaders: (apiKey) => ({ "x-api-key": apiKey, "anthropic-version": apiVersion }),
  createStreamDecoder: () => createSseDecoder(createItemDecoder()),
  createStreamScanner: () => createStreamScanner({ items: createItemDecoder(), markers }),
  decodeResult,
  decodeError: decodeUpstreamError,
};
