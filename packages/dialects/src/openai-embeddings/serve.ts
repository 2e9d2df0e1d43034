// Answering in OpenAI's embeddings format. No stream: an answer is one object.

import { encodeAllowance } from "../answers/openai-allowance.ts";
import { encodeError } from "../answers/openai-envelope.ts";
import { encodeResult } from "./encode-result.ts";
import { parseRequest } from "./parse-request.ts";

export const embeddingsServe = { parseRequest, encodeResult, encodeError, encodeAllowance } as const;
