// Answering in OpenAI's Responses.

import type { ServeSide } from "../dialect.ts";
import { encodeAllowance } from "../answers/openai-allowance.ts";
import { encodeError } from "./errors.ts";
import { encodeResult } from "./encode-result.ts";
import { createStreamEncoder } from "./encode-stream.ts";
import { parseRequest } from "./parse-request.ts";

export const responsesServe: ServeSide = {
  parseRequest,
  createStreamEncoder,
  encodeResult,
  encodeError,
  encodeAllowance,
};
