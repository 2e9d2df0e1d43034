// OpenAI's legacy completions as a format: answered and called like a dialect, but no provider is configured by it, and
// one request of it may hold several prompts (parse-request.ts).

import type { Format } from "../dialect.ts";
import { encodeAllowance } from "../answers/openai-allowance.ts";
import { encodeError } from "../answers/openai-envelope.ts";
import { completionsPath } from "./build-request.ts";
import { completionsCall } from "./call.ts";
import { encodeResult } from "./encode-result.ts";
import { createStreamEncoder } from "./encode-stream.ts";

export const openaiCompletions: Format = {
  name: "openai-completions",
  answerIdPrefix: "cmpl-",
  chatPath: completionsPath,
  serve: { createStreamEncoder, encodeResult, encodeError, encodeAllowance },
  call: completionsCall,
};
