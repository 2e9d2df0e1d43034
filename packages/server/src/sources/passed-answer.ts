// What of an upstream's answer reaches a caller who speaks its dialect beside the body: headers, and errors as they came.

import { AppError, type ErrorCode } from "@auxot/wire/errors";

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * What clients act on or show: limits, waits, the vendor's own timing. Not the account's name (`openai-organization`,
 * `anthropic-organization-id`): the account is the operator's, not the caller's. Everything else stays here too: cookies,
 * encodings, whatever belongs to our connection.
 */
const passedHeaders =
  /^(?:x-ratelimit-.*|anthropic-(?:ratelimit|priority|fast)-.*|retry-after(?:-ms)?|x-should-retry|openai-processing-ms|openai-version)$/;

/** The upstream's own request id, which its support asks for. `request-id` and `x-request-id` are ours. */
const upstreamIdHeader = "x-upstream-request-id";

/** The headers of an answer that go to a caller of the same dialect, by lower-case name. */
export function pickPassedHeaders(headers: Headers): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && passedHeaders.test(name) && isPlain(value)) picked[name] = value;
  }
  const id = headers["request-id"] ?? headers["x-request-id"];
  return id === undefined || !isPlain(id) ? picked : { ...picked, [upstreamIdHeader]: id };
}

/** Faults that are the provider's or our credential's: the caller is told in our words, and may not see theirs. */
const ownFaults: ReadonlySet<ErrorCode> = new Set(["source_failed", "source_timeout"]);

/** `error` with the upstream's answer to be given as it came: clients recover by matching its words. Without, when it is no error of the dialect. */
export function passError(error: AppError, status: number, headers: Headers, body: Buffer): AppError {
  if (ownFaults.has(error.code) || !isErrorBody(body)) return error;
  const { code, message, param, retryAfterMs, elsewhere, cause } = error;
  const passed = { status, headers: pickPassedHeaders(headers), body };
  return new AppError(code, message, { cause, param, retryAfterMs, elsewhere, passed });
}

/** Proxies before a provider answer in HTML or plain text. */
function isErrorBody(body: Buffer): boolean {
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null && "error" in parsed && isObject(parsed.error);
  } catch {
    return false;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]{1,1000}$/.test(text);
}
