// What a response object says when it failed. Before the answer began, errors go out in OpenAI's envelope.

import { errorCodes, type ErrorBody, type ErrorCode } from "@auxot/wire/errors";
import type { EncodedError } from "../dialect.ts";
import { buildErrorBody } from "../answers/openai-envelope.ts";

export type ResponseFailure = { readonly code: string; readonly message: string };

/** For a response or item that is not there OpenAI gives no code. */
export function encodeError(error: ErrorBody): EncodedError {
  const { status } = errorCodes[error.code];
  return { status, body: JSON.stringify(buildErrorBody(error, error.code === "not_found" ? null : error.code)) };
}

/** In the words clients act on (https://platform.openai.com/docs/api-reference/responses/object, and Codex's client). */
export function buildFailure({ code, message, param, retryAfterMs }: ErrorBody): ResponseFailure {
  const told = param === undefined || message.includes(param) ? message : `${param}: ${message}`;
  // Codex reads the wait from these words.
  const wait =
    code !== "rate_limited" || retryAfterMs === undefined || /try again in/i.test(told)
      ? ""
      : ` Please try again in ${Math.ceil(retryAfterMs / 1000)}s.`;
  return { code: encodeCode(code), message: `${told}${wait}` };
}

function encodeCode(code: ErrorCode): string {
  switch (code) {
    case "rate_limited":
      return "rate_limit_exceeded";
    case "context_length_exceeded":
    case "insufficient_quota":
      return code;
    case "invalid_request":
    case "previous_response_not_found":
    case "model_not_found":
    case "not_found":
    case "conflict":
    case "too_large":
    case "unsupported_media_type":
    case "unsupported":
    case "method_not_allowed":
    case "unauthenticated":
    case "forbidden":
      return "invalid_prompt";
    case "cancelled":
    case "internal":
    case "source_failed":
    case "worker_lost":
    case "no_capacity":
    case "source_timeout":
      return "server_error";
  }
}
