// What an upstream says went wrong -> our closed table of codes. Both dialects' error bodies come here as plain words.

import { AppError, type ErrorBody, type ErrorCode } from "@auxot/wire/errors";
import { isRecord } from "../reading/json.ts";
import { asBuffer } from "../streams/sse.ts";

export type UpstreamFault = {
  /** HTTP status, or the number an error inside a stream carried. */
  readonly status?: number;
  /** The vendor's `type` and `code`. */
  readonly words: readonly string[];
  readonly message: string;
  readonly param?: string;
};

type Headers = Readonly<Record<string, string | undefined>>;

const maxMessageLength = 2000;

/** Reads `{error: {message, type, code, param}}`, `{error: "text"}`, `{message}`, `{detail}`, lists of one, plain text and HTML. */
export function readUpstreamFault(body: unknown, status?: number): UpstreamFault {
  // Google puts its envelope into a list.
  const only: unknown = Array.isArray(body) ? body[0] : body;
  const outer = isRecord(only) ? only : {};
  const error = outer["error"] ?? only;
  const inner = isRecord(error) ? error : {};
  const texts = [inner["message"], typeof error === "string" ? error : undefined, outer["message"], outer["detail"]];
  const message = texts.map(readText).find((text) => text.trim() !== "");
  const number = [inner["code"], inner["status"], outer["code"]]
    .map(readStatus)
    .find((candidate) => candidate !== undefined);
  const param = inner["param"];
  const known = status ?? number;
  return {
    ...(known === undefined ? {} : { status: known }),
    words: [inner["type"], inner["code"], outer["code"]].filter((word) => typeof word === "string"),
    message: cleanMessage(message ?? ""),
    ...(typeof param === "string" && param !== "" ? { param } : {}),
  };
}

/** A text, or what validators of Python servers write: `[{loc: ["body", "user"], msg: "…"}]`, alone or as `detail`. */
function readText(value: unknown): string {
  if (typeof value === "string") return value;
  const list: unknown = isRecord(value) ? value["detail"] : value;
  if (!Array.isArray(list)) return "";
  const faults = list.filter(isRecord).flatMap(({ loc, msg }) => {
    if (typeof msg !== "string") return [];
    return Array.isArray(loc) ? `${loc.filter((name) => name !== "body").join(".")}: ${msg}` : msg;
  });
  return faults.join("; ");
}

function readStatus(value: unknown): number | undefined {
  const status = typeof value === "number" || typeof value === "string" ? Number(value) : Number.NaN;
  return status >= 400 && status <= 599 ? status : undefined;
}

/** `decodeError` of both dialects. */
export function decodeUpstreamError(status: number, headers: Headers, body: Uint8Array, now: number): AppError {
  const text = asBuffer(body)
    .subarray(0, 64 * 1024)
    .toString("utf8");
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Proxies in front of a provider answer in plain text or HTML: `cleanMessage` makes a sentence of it.
  }
  const { code, message, param, retryAfterMs } = mapUpstreamFault(readUpstreamFault(parsed, status));
  return new AppError(code, message, { param, retryAfterMs: readRetryAfterMs(headers, now) ?? retryAfterMs });
}

/** Never `unauthenticated` or `forbidden`: the credential is ours, not the caller's. */
export function mapUpstreamFault(fault: UpstreamFault): ErrorBody {
  const code = findCode(fault);
  const param = fault.param === undefined ? {} : { param: fault.param };
  switch (code) {
    case "credential":
      return {
        code: "source_failed",
        message: `The provider rejected Auxot's credential${fault.status === undefined ? "" : ` (status ${fault.status})`}; an administrator must check it.`,
      };
    case "rate_limited":
      return { code, message: describe("The provider's rate limit is reached", fault), ...readWait(fault.message) };
    case "insufficient_quota":
      return { code, message: describe("The account at the provider has no quota left", fault) };
    case "no_capacity":
      return { code, message: describe("The provider is overloaded", fault) };
    case "source_timeout":
      return { code, message: describe("The provider took too long", fault) };
    case "source_failed":
      return { code, message: describe("The provider failed", fault) };
    case "invalid_request":
    case "context_length_exceeded":
    case "previous_response_not_found":
    case "model_not_found":
    case "too_large":
      // The vendor's own words: clients match on them to recover, e.g. by compacting the conversation.
      return {
        code,
        message: fault.message || `The provider refused the request (status ${fault.status ?? 400}).`,
        ...param,
      };
  }
}

/** Milliseconds from `retry-after-ms` or `retry-after` (seconds or an HTTP date); never negative. */
function readRetryAfterMs(headers: Headers, now: number): number | undefined {
  for (const name of ["retry-after-ms", "x-ms-retry-after-ms"]) {
    const ms = Number.parseFloat(headers[name] ?? "");
    if (ms >= 0) return Math.round(ms);
  }
  const text = headers["retry-after"]?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

type FaultCode = Extract<
  ErrorCode,
  | "invalid_request"
  | "context_length_exceeded"
  | "previous_response_not_found"
  | "model_not_found"
  | "too_large"
  | "rate_limited"
  | "insufficient_quota"
  | "no_capacity"
  | "source_timeout"
  | "source_failed"
>;

const contextWords =
  /context[_ ]length|context window|context size|maximum context|maximum prompt length|(prompt|input) is too long|too many (input )?tokens|exceed(s|ed)? (the )?(model'?s? )?(max|context|token limit)|reduce the length|exceed_context_size/i;

/** Anthropic answers 400 where the account has nothing left, and others 402: another provider may well serve the request. */
const quotaWords = /credit balance is too low|insufficient (balance|credits|quota)/i;

/** What response.failed calls a fault of the request: https://platform.openai.com/docs/api-reference/responses/object */
const invalidWords = /^(invalid_|image_|unsupported_image_|empty_image_|failed_to_download_image)/;

/** A map, not an object: the words come from outside, and "constructor" is one. */
const codesByWord: ReadonlyMap<string, FaultCode | "credential"> = new Map([
  ["context_length_exceeded", "context_length_exceeded"],
  ["exceed_context_size_error", "context_length_exceeded"],
  ["previous_response_not_found", "previous_response_not_found"],
  ["model_not_found", "model_not_found"],
  ["not_found_error", "model_not_found"],
  ["request_too_large", "too_large"],
  ["rate_limit_error", "rate_limited"],
  ["rate_limit_exceeded", "rate_limited"],
  ["insufficient_quota", "insufficient_quota"],
  ["overloaded_error", "no_capacity"],
  ["server_is_overloaded", "no_capacity"],
  ["slow_down", "no_capacity"],
  ["timeout_error", "source_timeout"],
  ["authentication_error", "credential"],
  ["permission_error", "credential"],
  ["billing_error", "credential"],
  ["invalid_api_key", "credential"],
  ["api_error", "source_failed"],
  ["server_error", "source_failed"],
]);

function findCode(fault: UpstreamFault): FaultCode | "credential" {
  const { status, words, message } = fault;
  if (status === undefined) {
    const known = words.map((word) => codesByWord.get(word)).find((code) => code !== undefined);
    if (known !== undefined) return known;
    if (quotaWords.test(message)) return "insufficient_quota";
    if (contextWords.test(message)) return "context_length_exceeded";
    if (words.some((word) => invalidWords.test(word))) return "invalid_request";
    return "source_failed";
  }
  if (quotaWords.test(message) && status < 500) return "insufficient_quota";
  if (status === 401 || status === 402 || status === 403) return "credential";
  if (status === 408 || status === 504) return "source_timeout";
  if (status === 429) return words.includes("insufficient_quota") ? "insufficient_quota" : "rate_limited";
  if (status === 503 || status === 529) return "no_capacity";
  if (words.includes("previous_response_not_found")) return "previous_response_not_found";
  if (status === 404) return "model_not_found";
  // llama.cpp and some proxies report a full context with other statuses than 400.
  if (status < 500 && (contextWords.test(message) || words.some((word) => contextWords.test(word))))
    return "context_length_exceeded";
  if (status === 413) return "too_large";
  return status >= 400 && status < 500 ? "invalid_request" : "source_failed";
}

/** OpenAI tells the wait in words: "Please try again in 1.2s." */
function readWait(message: string): { readonly retryAfterMs?: number } {
  const match = /try again in\s*(\d+(?:\.\d+)?)\s*(ms|s\b|sec)/i.exec(message.slice(0, maxMessageLength));
  if (match === null) return {};
  return { retryAfterMs: Math.round(Number(match[1]) * (match[2]?.toLowerCase() === "ms" ? 1 : 1000)) };
}

function describe(what: string, fault: UpstreamFault): string {
  const status = fault.status === undefined ? "" : ` (status ${fault.status})`;
  return fault.message === "" ? `${what}${status}.` : `${what}${status}: ${fault.message}`;
}

function cleanMessage(text: string): string {
  const plain = /<html|<!doctype/i.test(text) ? (/<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? "") : text;
  const line = plain.trim();
  return line.length > maxMessageLength ? `${line.slice(0, maxMessageLength)}…` : line;
}
