// What is left to a caller, in Anthropic's headers. https://docs.anthropic.com/en/api/rate-limits#response-headers

import type { Allowance, AllowanceLine } from "@auxot/wire/limit";

/** By lower-case name; none for what nothing limits. `now` is milliseconds since 1970: Anthropic tells moments. */
export function encodeAllowance({ requests, tokens }: Allowance, now: number): Readonly<Record<string, string>> {
  return { ...encodeLine("requests", requests, now), ...encodeLine("tokens", tokens, now) };
}

function encodeLine(name: string, line: AllowanceLine | undefined, now: number): Record<string, string> {
  if (line === undefined) return {};
  const resetsAt = new Date(Math.round((now + line.resetsInMs) / 1000) * 1000);
  return {
    [`anthropic-ratelimit-${name}-limit`]: String(line.amount),
    [`anthropic-ratelimit-${name}-remaining`]: String(line.remaining),
    [`anthropic-ratelimit-${name}-reset`]: resetsAt.toISOString().replace(".000Z", "Z"),
  };
}
