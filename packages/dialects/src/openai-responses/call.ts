// Speaking OpenAI's Responses to an upstream.

import type { CallSide } from "../dialect.ts";
import { replaceModel } from "../passing/replace-model.ts";
import { createSseDecoder } from "../streams/stream-decoder.ts";
import { createStreamScanner } from "../passing/stream-scanner.ts";
import { decodeUpstreamError } from "../answers/upstream-error.ts";
import { buildRequest } from "./build-request.ts";
import { decodeResult } from "./decode-result.ts";
import { createItemDecoder } from "./decode-stream.ts";
import { rewriteReasoning } from "./rewrite-reasoning.ts";

/** Quotes keep text that mentions these words out: inside a JSON string they are escaped. Python servers put spaces. */
const markers =
  /"type": ?"(?:response\.(?:completed|incomplete|failed)|error)"|^event: ?(?:response\.(?:completed|incomplete|failed)|error)\b/m;

export const responsesCall: CallSide = {
  needsBytes: () => false,
  buildRequest,
  rewriteModel: replaceModel,
  rewriteReasoning,
  buildHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  createStreamDecoder: () => createSseDecoder(createItemDecoder()),
  createStreamScanner: () => createStreamScanner({ items: createItemDecoder(), markers }),
  decodeResult,
  decodeError: decodeUpstreamError,
};
