// Slows down guessing: counts failures for each account and address, in memory, for this router. Knows nothing of passwords.

import { AppError } from "@auxot/wire/errors";
import { createBoundedMap } from "../../platform/bounded-map.ts";
import type { Clock } from "../../platform/clock.ts";

export type Slowdown = {
  /**
   * Does `work`; when it is refused (`unauthenticated`, `forbidden`), that counts for each of `names`, and while it runs it
   * counts already, so that a crowd at once gains nothing. Throws `rate_limited` without trying when there were too many.
   */
  attempt<T>(names: readonly string[], work: () => Promise<T>): Promise<T>;
  /** Counts whatever comes of it. Throws `rate_limited` as well. */
  count(names: readonly string[]): void;
};

type Level = { readonly level: number; readonly at: number };

/** `free` failures, from then on one each `everyMs`. */
export function createSlowdown(deps: {
  readonly clock: Clock;
  readonly free: number;
  readonly everyMs: number;
}): Slowdown {
  const { clock, free, everyMs } = deps;
  const seen = createBoundedMap<Level>({ maxEntries: 20_000, keepMs: everyMs * (free + 1) });

  /** A leaky bucket. */
  function levelOf(name: string): number {
    const found = seen.get(name, clock.now());
    return found === undefined ? 0 : Math.max(0, found.level - (clock.now() - found.at) / everyMs);
  }

  function add(names: readonly string[], by: 1 | -1): void {
    const at = clock.now();
    for (const name of names) seen.set(name, { level: Math.max(0, levelOf(name) + by), at }, at);
  }

  function count(names: readonly string[]): void {
    const highest = Math.max(...names.map(levelOf));
    if (highest > free - 1) {
      const retryAfterMs = Math.ceil((highest - (free - 1)) * everyMs);
      const seconds = Math.ceil(retryAfterMs / 1000);
      throw new AppError("rate_limited", `Too many tries. Try again in ${seconds} s.`, { retryAfterMs });
    }
    add(names, 1);
  }

  return {
    count,
    async attempt(names, work) {
      count(names);
      try {
        const result = await work();
        add(names, -1);
        return result;
      } catch (error) {
        if (!isRefusal(error)) add(names, -1);
        throw error;
      }
    },
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof AppError && (error.code === "unauthenticated" || error.code === "forbidden");
}
