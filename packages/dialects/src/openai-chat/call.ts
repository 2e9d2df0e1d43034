// Speaking OpenAI's Chat Completions to an upstream.

import { askForUsage } from "../passing/ask-for-usage.ts";
import type { CallSide } from "../dialect.ts";
import { replaceModel } from "../passing/replace-model.ts";
import { createSseDecoder } from "../streams/stream-decoder.ts";
import { decodeUpstreamError } from "../answers/upstream-error.ts";
import { buildRequest } from "./build-request.ts";
import { createChunkScanner } from "./chunk-scanner.ts";
import { decodeResult } from "./decode-result.ts";
import { createItemDecoder } from "./decode-stream.ts";
import { rewriteReasoning } from "./rewrite-reasoning.ts";

export const openaiCall: CallSide = {
  // `file` has no field for an address. https://platform.openai.com/docs/guides/pdf-files
  needsBytes: ({ type }) => type === "document",
  buildRequest,
  rewriteModel: replaceModel,
  rewriteReasoning,
  buildHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  createStreamDecoder: () => createSseDecoder(createItemDecoder()),
  askForUsage,
  createStreamScanner: (hidesUsage) => createChunkScanner(createItemDecoder(), hidesUsage),
  decodeResult,
  decodeError: decodeUpstreamError,
};
