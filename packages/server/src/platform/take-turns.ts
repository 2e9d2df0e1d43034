// Lets a few heavy things run at once and the others wait in line, so that requests always find what those need too.

import { AppError } from "@auxot/wire/errors";

/** Runs `work` when it is its turn, in order. Throws `no_capacity` when too many wait. */
export type TakeTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function createTakeTurn({
  maxRunning,
  maxWaiting,
  refusal,
}: {
  readonly maxRunning: number;
  readonly maxWaiting: number;
  /** Said to whom there is no room to wait for. */
  readonly refusal: string;
}): TakeTurn {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting) {
        throw new AppError("no_capacity", refusal, { retryAfterMs: 2000 });
      }
      // Whoever ends hands its place on.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
