// Remembers which cloud provider should be left alone for a while, and until when. No timers: asks the clock it is given.

import type { AppError } from "@auxot/wire/errors";

const failuresToRest = 3;
const firstRestMs = 5000;
const longestRestMs = 60_000;

export type Health = {
  /** Left out of plans until then; undefined when well. After the time it is tried again, and failing again rests longer. */
  restsUntil(): number | undefined;
  onSuccess(): void;
  onFailure(error: AppError, now: number): void;
};

/** A rate limit rests the provider for as long as it asked; other failures only after three in a row. */
export function createHealth(onRest?: () => void): Health {
  let failures = 0;
  let restsUntil: number | undefined;
  return {
    restsUntil: () => restsUntil,
    onSuccess() {
      // A rest goes on: the answer that ends well now may have begun before it.
      failures = 0;
    },
    onFailure(error, now) {
      if (error.code === "rate_limited" || error.code === "insufficient_quota") {
        restsUntil = now + Math.min(error.retryAfterMs ?? firstRestMs, 10 * longestRestMs);
        onRest?.();
        return;
      }
      if (!["source_failed", "source_timeout", "no_capacity"].includes(error.code)) return;
      failures += 1;
      if (failures < failuresToRest) return;
      restsUntil = now + Math.min(longestRestMs, firstRestMs * 2 ** (failures - failuresToRest));
      onRest?.();
    },
  };
}
