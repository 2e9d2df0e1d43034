// Owns the one way to ask for the time of day.

/** `now()` is milliseconds since 1970. */
export type Clock = { now(): number };

export const systemClock: Clock = { now: () => Date.now() };
