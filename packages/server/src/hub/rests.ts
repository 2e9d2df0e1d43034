// Workers' models that rest until a time they named, and what that means for several workers together. Owns the timers that
// end a rest; everything else here is pure.

import type { ModelOffer } from "@auxot/wire/model-offer";

/** How much a model takes, when it takes it, and how much of its limit is used. */
export type Room = Pick<ModelOffer, "slots" | "restsUntil" | "load">;

export function isResting({ restsUntil }: Pick<Room, "restsUntil">, now: number): boolean {
  return restsUntil !== undefined && restsUntil > now;
}

/** Of two workers together: who rests does not count; when both do, they rest until the first is back. */
export function mergeRoom(a: Room, b: Room, now: number): Room {
  if (isResting(a, now) !== isResting(b, now)) {
    const { slots, load } = isResting(a, now) ? b : a;
    return { slots, ...(load === undefined ? {} : { load }) };
  }
  const slots = a.slots + b.slots;
  // Workers without a limit take it all before those with one.
  const load = a.load === undefined || b.load === undefined ? {} : { load: Math.min(a.load, b.load) };
  if (!isResting(a, now)) return { slots, ...load };
  return { slots, ...load, restsUntil: Math.min(a.restsUntil ?? 0, b.restsUntil ?? 0) };
}

/** The earliest end of a rest, if any offer rests. */
export function findWakeTime(offers: readonly Pick<Room, "restsUntil">[], now: number): number | undefined {
  const times = offers.flatMap((offer) => (isResting(offer, now) ? [offer.restsUntil ?? now] : []));
  return times.length === 0 ? undefined : Math.min(...times);
}

const shortestRestMs = 1000;
const defaultRestMs = 5000;
const longestRestMs = 10 * 60_000;

/** The offers after `model` ran into a limit: it rests as long as it asked, within bounds. A longer rest stays. */
export function restOffer(
  offers: readonly ModelOffer[],
  model: string,
  askedMs: number | undefined,
  now: number,
): ModelOffer[] {
  const until = now + Math.min(longestRestMs, Math.max(shortestRestMs, askedMs ?? defaultRestMs));
  return offers.map((offer) =>
    offer.model === model ? { ...offer, restsUntil: Math.max(until, offer.restsUntil ?? 0) } : offer,
  );
}

export type Alarms = {
  /** `onTime(id)` is called at `at` (ms since 1970) or later, once; a time set before is forgotten. */
  set(id: string, at: number | undefined, now: number): void;
};

/** Longest delay a timer can take. */
const longestMs = 2_147_483_647;

/** A time too far for a timer comes early: whoever is called looks at the clock and sets it anew. */
export function createAlarms(onTime: (id: string) => void): Alarms {
  const timers = new Map<string, NodeJS.Timeout>();
  return {
    set(id, at, now) {
      clearTimeout(timers.get(id));
      timers.delete(id);
      if (at === undefined) return;
      const timer = setTimeout(
        () => {
          timers.delete(id);
          onTime(id);
        },
        Math.min(longestMs, Math.max(1, at - now)),
      );
      timer.unref();
      timers.set(id, timer);
    },
  };
}
