// Speaking OpenAI's Chat Completions to an upstream.

import { askForUsage, isUsageChunk } from "../ask-for-usage.ts";
import type { CallSide } from "../dialect.ts";
import { replaceModel } from "../replace-model.ts";
import { createSseDecoder } from "../stream-decoder.ts";
import { createStreamScanner } from "../stream-scanner.ts";
import { decodeUpstreamError } from "../upstream-error.ts";
import { buildRequest } from "./build-request.ts";
import { decodeResult } from "./decode-result.ts";
import { createItemDecoder } from "./decode-stream.ts";
import { rewriteReasoning } from "./rewrite-reasoning.ts";

/** Quotes keep text that mentions these words out: inside a JSON string they are escaped. Python servers put spaces. */
const markers = /"usage": ?\{|"finish_reason": ?"|"error"|\[DONE\]/;

export const openaiCall: CallSide = {
  // `file` has no field for an address. https://platform.openai.com/docs/guides/pdf-files
  needsBytes: ({ type }) => type === "document",
  buildRequest,
  rewriteModel: replaceModel,
  rewriteReasoning,
  buildHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  createStreamDecoder: () => createSseDecoder(createItemDecoder()),
  askForUsage,
  createStreamScanner: (hidesUsage = false) =>
    createStreamScanner({
      items: createItemDecoder(),
      markers,
      lastFrame: "[DONE]",
      ...(hidesUsage ? { isHidden: isUsageChunk } : {}),
    }),
  decodeResult,
  decodeError: decodeUpstreamError,
};
