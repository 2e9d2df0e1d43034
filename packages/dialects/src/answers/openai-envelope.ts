// Errors in OpenAI's envelope, which both of its formats use.

import { errorCodes, type ErrorBody } from "@auxot/wire/errors";
import type { EncodedError } from "../dialect.ts";

export function encodeError(error: ErrorBody): EncodedError {
  return { status: errorCodes[error.code].status, body: JSON.stringify(buildErrorBody(error)) };
}

/** `{error: {message, type, param, code}}`, also what a chat completion's stream says when it fails. */
export function buildErrorBody(error: ErrorBody, told: string | null = error.code): object {
  const { code, message, param } = error;
  return { error: { message, type: errorCodes[code].openai, param: param ?? null, code: told } };
}
