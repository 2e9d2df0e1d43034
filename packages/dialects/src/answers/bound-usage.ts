// Puts counts as an upstream reports them into one Usage whose parts never exceed their whole.

import type { Usage } from "@auxot/wire/usage";

/** Tokens; undefined: not reported. `input` includes cached and cache-write tokens, `output` reasoning. */
export type ReportedCounts = {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cached: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly reasoning: number | undefined;
};

/** Undefined unless at least one of the two totals was reported. */
export function boundUsage({ input, output, cached, cacheWrite, reasoning }: ReportedCounts): Usage | undefined {
  if (input === undefined && output === undefined) return undefined;
  const inputTokens = input ?? 0;
  const outputTokens = output ?? 0;
  const cachedInputTokens = Math.min(cached ?? 0, inputTokens);
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens,
    cacheWriteTokens: Math.min(cacheWrite ?? 0, inputTokens - cachedInputTokens),
    reasoningTokens: Math.min(reasoning ?? 0, outputTokens),
  };
}
