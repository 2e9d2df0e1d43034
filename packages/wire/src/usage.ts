// Token counts of one answer, in the one shape every layer uses.

/** Counts are tokens. `inputTokens` includes cached and cache-write tokens; `outputTokens` includes reasoning tokens. */
export type Usage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of `inputTokens` read from a prompt cache. */
  readonly cachedInputTokens: number;
  /** Part of `inputTokens` written to a prompt cache. */
  readonly cacheWriteTokens: number;
  /** Part of `outputTokens` spent on reasoning. */
  readonly reasoningTokens: number;
  /** The source reported nothing, so the numbers were counted here. */
  readonly estimated?: true;
};

export const noUsage: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};
