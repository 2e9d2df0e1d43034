// Owns the memory of recent look-ups, bounded and least-recently-used first out. Holds look-up values, never key texts.

import type { Clock } from "../../platform/clock.ts";

export type IdentityCache<Value> = {
  /** `fresh`: use it without asking. `usable`: use it when there is nobody to ask. */
  get(lookup: string): Remembered<Value> | undefined;
  /** `undefined` remembers that there is no such key. */
  set(lookup: string, value: Value | undefined): void;
  /** Nobody could be asked: do not try again for 5 s. */
  postpone(lookup: string): void;
  clear(): void;
};

export type Remembered<Value> = {
  readonly value: Value | undefined;
  readonly fresh: boolean;
  readonly usable: boolean;
};

type Entry<Value> = { readonly value: Value | undefined; freshUntil: number; readonly usableUntil: number };

const knownFreshMs = 60_000;
const unknownFreshMs = 5_000;
const knownUsableMs = 15 * 60_000;

/** Known and unknown keys have rooms of their own: guessing keys must not push out those in use. */
export function createIdentityCache<Value>(clock: Clock, maxEntries = 10_000): IdentityCache<Value> {
  const known = new Map<string, Entry<Value>>();
  const unknown = new Map<string, Entry<Value>>();

  return {
    get(lookup) {
      for (const room of [known, unknown]) {
        const entry = room.get(lookup);
        if (entry === undefined) continue;
        room.delete(lookup);
        room.set(lookup, entry);
        const now = clock.now();
        return { value: entry.value, fresh: now < entry.freshUntil, usable: now < entry.usableUntil };
      }
      return undefined;
    },
    set(lookup, value) {
      known.delete(lookup);
      unknown.delete(lookup);
      const room = value === undefined ? unknown : known;
      const freshMs = value === undefined ? unknownFreshMs : knownFreshMs;
      const usableMs = value === undefined ? unknownFreshMs : knownUsableMs;
      room.set(lookup, { value, freshUntil: clock.now() + freshMs, usableUntil: clock.now() + usableMs });
      const oldest = room.keys().next();
      if (room.size > maxEntries && oldest.done !== true) room.delete(oldest.value);
    },
    postpone(lookup) {
      const entry = known.get(lookup);
      if (entry !== undefined) entry.freshUntil = Math.min(clock.now() + unknownFreshMs, entry.usableUntil);
    },
    clear() {
      known.clear();
      unknown.clear();
    },
  };
}
