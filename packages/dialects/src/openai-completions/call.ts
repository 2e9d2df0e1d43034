// Speaking OpenAI's legacy completions to an upstream.

import type { CallSide } from "../dialect.ts";
import { openaiCall } from "../openai-chat/call.ts";
import { createChunkScanner } from "../openai-chat/chunk-scanner.ts";
import { createSseDecoder } from "../streams/stream-decoder.ts";
import { buildRequest } from "./build-request.ts";
import { decodeResult } from "./decode-result.ts";
import { createItemDecoder } from "./decode-stream.ts";

/** Models, keys and errors are those of OpenAI's chat format. */
export const completionsCall: CallSide = {
  ...openaiCall,
  buildRequest,
  createStreamDecoder: () => createSseDecoder(createItemDecoder()),
  createStreamScanner: (hidesUsage) => createChunkScanner(createItemDecoder(), hidesUsage),
  decodeResult,
};
