// What Claude Code says went wrong -> the error a caller gets. Holds no secret: what is said is cleaned first.

import { mapUpstreamFault, readUpstreamFault } from "@auxot/dialects/answers/upstream-error";
import { AppError } from "@auxot/wire/errors";
import type { ResultMessage, RetryMessage } from "./claude-messages.ts";

const refusedLogin = "The vendor refused the login of this worker's Claude Code.";
const notLoggedIn = "Claude Code is not logged in on this worker.";

/** `restMs`: how long the account rests, where that is known. */
export function explainResult(result: ResultMessage, clean: (text: string) => string, restMs?: number): AppError {
  const said = clean(result.result ?? result.errors?.join(" ") ?? "").replace(/^API Error: (?:\d{3} )?/, "");
  const status = result.api_error_status ?? undefined;
  if (result.terminal_reason === "prompt_too_long") {
    return new AppError("context_length_exceeded", `The conversation is too long for this model: ${said}`);
  }
  if (isRefusedLogin(result)) {
    return new AppError("source_failed", saysNotLoggedIn(result) ? notLoggedIn : refusedLogin);
  }
  if (status === 429) {
    return new AppError("rate_limited", said || "This account's limit is reached.", { retryAfterMs: restMs });
  }
  if (status === undefined) {
    return new AppError("source_failed", `Claude Code could not answer: ${said || result.subtype}`);
  }
  const body = { type: "error", error: { type: result.api_error_type ?? "api_error", message: said } };
  const fault = mapUpstreamFault(readUpstreamFault(body, status));
  return new AppError(fault.code, fault.message, { param: fault.param, retryAfterMs: fault.retryAfterMs ?? restMs });
}

/** For answers that can still move elsewhere: another source is quicker than Claude Code's patience. Undefined: let it try. */
export function explainRetry(retry: RetryMessage): AppError | undefined {
  const status = retry.error_status ?? undefined;
  const retryAfterMs = retry.retry_delay_ms;
  if (status === 429) return new AppError("rate_limited", "This account is asked too often.", { retryAfterMs });
  if (status === 529) return new AppError("no_capacity", "The vendor is overloaded.", { retryAfterMs });
  if (status === 401 || status === 403) {
    return new AppError("source_failed", refusedLogin);
  }
  return undefined;
}

/** A login that was refused once is refused again for a while; its account rests so long. */
export const refusedRestMs = 5 * 60_000;

export function isRefusedLogin(message: ResultMessage | RetryMessage): boolean {
  if (message.type === "system") return message.error_status === 401;
  return message.api_error_status === 401 || saysNotLoggedIn(message);
}

function saysNotLoggedIn({ is_error, result }: ResultMessage): boolean {
  return is_error === true && result?.startsWith("Not logged in") === true;
}

/** Takes credentials out of a text that people will read: the given ones and what looks like one. */
export function createCleaner(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length >= 4);
  return (text) => {
    const cleaned = known.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
    return cleaned.replaceAll(/\b(?:sk-ant-[\w-]+|ax[wk]_\w+|Bearer [\w.~+/-]{8,})/g, "[secret]");
  };
}
