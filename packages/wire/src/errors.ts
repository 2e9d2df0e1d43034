// The one error class and its closed table of codes.
// Encoding for a public format happens in that format's dialect; frames carry `ErrorBody`.

import type { Allowance } from "./limit.ts";

type CodeRow = {
  /** HTTP status on every surface. */
  readonly status: number;
  /** `error.type` in OpenAI's envelope. */
  readonly openai: string;
  /** `error.type` in Anthropic's envelope. */
  readonly anthropic: string;
  /** Another source may succeed with the same request. */
  readonly retryable: boolean;
};

export const errorCodes = {
  invalid_request: row(400, "invalid_request_error", "invalid_request_error"),
  context_length_exceeded: row(400, "invalid_request_error", "invalid_request_error"),
  previous_response_not_found: row(400, "invalid_request_error", "invalid_request_error"),
  unauthenticated: row(401, "authentication_error", "authentication_error"),
  forbidden: row(403, "permission_error", "permission_error"),
  not_found: row(404, "invalid_request_error", "not_found_error"),
  model_not_found: row(404, "invalid_request_error", "not_found_error"),
  method_not_allowed: row(405, "invalid_request_error", "invalid_request_error"),
  /** Somebody else changed it meanwhile, or it cannot be done in its present state. */
  conflict: row(409, "invalid_request_error", "invalid_request_error"),
  too_large: row(413, "invalid_request_error", "request_too_large"),
  /** The body is of a kind that is not taken here. */
  unsupported_media_type: row(415, "invalid_request_error", "invalid_request_error"),
  rate_limited: row(429, "rate_limit_error", "rate_limit_error", true),
  /** The money or quota of the account that pays is used up: waiting a moment does not help. */
  insufficient_quota: row(429, "insufficient_quota", "rate_limit_error", true),
  cancelled: row(499, "invalid_request_error", "invalid_request_error"),
  internal: row(500, "server_error", "api_error"),
  unsupported: row(501, "invalid_request_error", "invalid_request_error"),
  source_failed: row(502, "server_error", "api_error", true),
  worker_lost: row(502, "server_error", "api_error", true),
  no_capacity: row(503, "server_error", "overloaded_error", true),
  source_timeout: row(504, "server_error", "timeout_error", true),
} as const satisfies Record<string, CodeRow>;

export type ErrorCode = keyof typeof errorCodes;

/** What travels in frames and `error` events. `message` is safe to show to the caller. */
export type ErrorBody = {
  readonly code: ErrorCode;
  readonly message: string;
  /** Path of the request field at fault, e.g. `messages[2].content`. */
  readonly param?: string;
  readonly retryAfterMs?: number;
};

/** An upstream's own error in the caller's dialect, to be given as it came. Stays in the process: frames do not carry it. */
export type PassedError = {
  readonly status: number;
  /** Those the caller may see, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

export type AppErrorOptions = {
  readonly cause?: unknown;
  readonly param?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly elsewhere?: boolean | undefined;
  readonly passed?: PassedError | undefined;
  readonly allowance?: Allowance | undefined;
};

/** The only error thrown on purpose. Its message is written for the caller and holds no secret. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** Another source may take the request although the code says that it is at fault. */
  readonly elsewhere: boolean;
  readonly passed: PassedError | undefined;
  /** What the caller's limits leave to it, when they refused it. Stays in the process. */
  readonly allowance: Allowance | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.param = options.param;
    this.retryAfterMs = options.retryAfterMs;
    this.elsewhere = options.elsewhere ?? false;
    this.passed = options.passed;
    this.allowance = options.allowance;
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorCodes, code);
}

/** Turns anything thrown into what may be shown: an unknown error becomes `internal` without its message. */
export function toErrorBody(error: unknown): ErrorBody {
  if (!(error instanceof AppError)) {
    return { code: "internal", message: "Something went wrong inside Auxot. The log has the details." };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.param === undefined ? {} : { param: error.param }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}

export function fromErrorBody(body: ErrorBody): AppError {
  return new AppError(body.code, body.message, { param: body.param, retryAfterMs: body.retryAfterMs });
}

function row(status: number, openai: string, anthropic: string, retryable = false): CodeRow {
  return { status, openai, anthropic, retryable };
}
