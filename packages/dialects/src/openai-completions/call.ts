// Speaking OpenAI's legacy completions to an upstream.

import { isUsageChunk } from "../ask-for-usage.ts";
import type { CallSide } from "../dialect.ts";
import { openaiCall } from "../openai-chat/call.ts";
import { createSseDecoder } from "../stream-decoder.ts";
import { createStreamScanner } from "../stream-scanner.ts";
import { buildRequest } from "./build-request.ts";
import { decodeResult } from "./decode-result.ts";
import { createItemDecoder } from "./decode-stream.ts";

/** Quotes keep text that mentions these words out: inside a JSON string they are escaped. Python servers put spaces. */
const markers = /"usage": ?\{|"finish_reason": ?"|"error"|\[DONE\]/;

/** Models, keys and errors are those of OpenAI's chat format. */
export const completionsCall: CallSide = {
  ...openaiCall,
  buildRequest,
  createStreamDecoder: () => createSseDecoder(createItemDecoder()),
  createStreamScanner: (hidesUsage = false) =>
    createStreamScanner({
      items: createItemDecoder(),
      markers,
      lastFrame: "[DONE]",
      ...(hidesUsage ? { isHidden: isUsageChunk } : {}),
    }),
  decodeResult,
};
