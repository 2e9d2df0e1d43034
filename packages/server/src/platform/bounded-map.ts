// A map that forgets: what is older than a time, and the oldest when it is full. No timers: asks the time it is given.

export type BoundedMap<Value> = {
  get(key: string, now: number): Value | undefined;
  /** The entry is new again, whatever it was before. */
  set(key: string, value: Value, now: number): void;
  delete(key: string): void;
  deleteWhere(isGone: (value: Value) => boolean): void;
  /** Entries held, those too old included. */
  size(): number;
};

export function createBoundedMap<Value>(limits: {
  readonly maxEntries: number;
  readonly keepMs: number;
}): BoundedMap<Value> {
  // In the order of their times: a map keeps the order in which keys came.
  const entries = new Map<string, { readonly value: Value; readonly until: number }>();
  return {
    get(key, now) {
      const entry = entries.get(key);
      return entry === undefined || entry.until <= now ? undefined : entry.value;
    },
    set(key, value, now) {
      entries.delete(key);
      entries.set(key, { value, until: now + limits.keepMs });
      for (const [oldest, { until }] of entries) {
        if (entries.size <= limits.maxEntries && until > now) return;
        entries.delete(oldest);
      }
    },
    delete: (key) => void entries.delete(key),
    deleteWhere(isGone) {
      for (const [key, { value }] of entries) if (isGone(value)) entries.delete(key);
    },
    size: () => entries.size,
  };
}
