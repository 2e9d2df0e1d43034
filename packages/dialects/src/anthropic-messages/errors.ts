// Errors in Anthropic's envelope.

import { errorCodes, type ErrorBody } from "@auxot/wire/errors";
import type { EncodedError } from "../dialect.ts";

export function encodeError(error: ErrorBody, requestId: string): EncodedError {
  return { status: errorCodes[error.code].status, body: JSON.stringify(buildErrorBody(error, requestId)) };
}

/** `{type: "error", error: {type, message}, request_id}`, also what a stream says when it fails. */
export function buildErrorBody(error: ErrorBody, requestId: string): object {
  return {
    type: "error",
    error: { type: errorCodes[error.code].anthropic, message: buildMessage(error) },
    request_id: requestId,
  };
}

/** The envelope has no field for `param`, and clients tell a full context only by its words. */
function buildMessage({ code, message, param }: ErrorBody): string {
  if (code === "context_length_exceeded" && !message.includes("prompt is too long"))
    return `prompt is too long: ${message}`;
  return param === undefined || message.includes(param) ? message : `${param}: ${message}`;
}
