// Chunks of OpenAI's two older formats on their way through: chat completions and legacy completions.

import { isUsageChunk } from "../passing/ask-for-usage.ts";
import type { StreamScanner } from "../dialect.ts";
import type { ItemDecoder } from "../streams/stream-decoder.ts";
import { createStreamScanner } from "../passing/stream-scanner.ts";

/** Quotes keep text that mentions these words out: inside a JSON string they are escaped. Python servers put spaces. */
const markers = /"usage": ?\{|"finish_reason": ?"|"error"|\[DONE\]/;

/** `hidesUsage`: takes out the chunk with the usage, which the caller did not ask for. */
export function createChunkScanner(items: ItemDecoder, hidesUsage = false): StreamScanner {
  return createStreamScanner({
    items,
    markers,
    lastFrame: "[DONE]",
    ...(hidesUsage ? { isHidden: isUsageChunk } : {}),
  });
}
