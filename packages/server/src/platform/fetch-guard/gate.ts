// Lets a number of works run at once; the others wait, first come first served.

export type Gate = {
  /** Gives what `work` gives. Throws the signal's reason when it aborts before `work` began. */
  pass<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
};

export function createGate(most: number): Gate {
  const waiting = new Set<() => void>();
  let running = 0;

  function waitForTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(enter);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiting.add(enter);
    });
  }

  /** Gives the place to who waits longest. */
  function letNext(): void {
    const [next] = waiting;
    if (next === undefined) running -= 1;
    else {
      waiting.delete(next);
      next();
    }
  }

  return {
    async pass(work, signal) {
      signal.throwIfAborted();
      if (running < most) running += 1;
      else await waitForTurn(signal);
      try {
        return await work();
      } finally {
        letNext();
      }
    },
  };
}
