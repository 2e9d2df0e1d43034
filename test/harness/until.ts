// Waits for what no event tells: asks again and again until it is so, and says what was missing when it never is.

import { setTimeout as pause } from "node:timers/promises";

const askEveryMs = 10;

/** The first answer of `ask` that is neither undefined nor false. Throws after `limitMs` with the sentence `what`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain until ${what}.`);
    await pause(askEveryMs);
  }
}

/** `promise`, or an error with the sentence `what` after `limitMs`. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Waited ${limitMs} ms in vain until ${what}.`)), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
