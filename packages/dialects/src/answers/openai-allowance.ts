// What is left to a caller, in OpenAI's headers. https://platform.openai.com/docs/guides/rate-limits

import type { Allowance, AllowanceLine } from "@auxot/wire/limit";

/** By lower-case name; none for what nothing limits. */
export function encodeAllowance({ requests, tokens }: Allowance): Readonly<Record<string, string>> {
  return { ...encodeLine("requests", requests), ...encodeLine("tokens", tokens) };
}

function encodeLine(name: string, line: AllowanceLine | undefined): Record<string, string> {
  if (line === undefined) return {};
  return {
    [`x-ratelimit-limit-${name}`]: String(line.amount),
    [`x-ratelimit-remaining-${name}`]: String(line.remaining),
    [`x-ratelimit-reset-${name}`]: formatDuration(line.resetsInMs),
  };
}

/** As OpenAI writes them: `120ms`, `1s`, `6m0s`, `25h0m0s`. */
function formatDuration(ms: number): string {
  if (ms > 0 && ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
