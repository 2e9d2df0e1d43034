// Answering in OpenAI's Chat Completions.

import type { ServeSide } from "../dialect.ts";
import { encodeAllowance } from "../answers/openai-allowance.ts";
import { encodeResult } from "./encode-result.ts";
import { createStreamEncoder } from "./encode-stream.ts";
import { encodeError } from "../answers/openai-envelope.ts";
import { parseRequest } from "./parse-request.ts";

export const openaiServe: ServeSide = { parseRequest, createStreamEncoder, encodeResult, encodeError, encodeAllowance };
