// Owns the last-used times of keys: noted in memory, written in batches.

import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { KeyStore } from "./store.ts";

export type UseRecorder = {
  note(keyId: string): void;
  /** Writes what is left. */
  close(): Promise<void>;
};

export function createUseRecorder(deps: {
  readonly store: Pick<KeyStore, "saveLastUsed">;
  readonly clock: Clock;
  readonly log: Log;
  readonly saveEveryMs?: number;
}): UseRecorder {
  const { store, clock, log, saveEveryMs = 10_000 } = deps;
  let times = new Map<string, number>();

  async function save(): Promise<void> {
    if (times.size === 0) return;
    const batch = times;
    times = new Map();
    try {
      await store.saveLastUsed(batch);
    } catch (err) {
      log.warn({ err, keys: batch.size }, "Cannot write the last-used times of keys; trying again later");
      times = new Map([...batch, ...times]);
    }
  }

  const timer = setInterval(() => void save(), saveEveryMs);
  timer.unref();
  return {
    note: (keyId) => void times.set(keyId, clock.now()),
    async close() {
      clearInterval(timer);
      await save();
    },
  };
}
