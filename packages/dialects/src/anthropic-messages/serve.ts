// Answering in Anthropic's Messages.

import type { ServeSide } from "../dialect.ts";
import { encodeAllowance } from "./allowance.ts";
import { encodeResult } from "./encode-result.ts";
import { createStreamEncoder } from "./encode-stream.ts";
import { encodeError } from "./errors.ts";
import { parseRequest } from "./parse-request.ts";

export const anthropicServe: ServeSide = {
  parseRequest,
  createStreamEncoder,
  encodeResult,
  encodeError,
  encodeAllowance,
};
