// Owns when and from where keys were used last: noted in memory, written in batches.

import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { KeyStore, KeyUse } from "./store.ts";

export type UseRecorder = {
  note(keyId: string, from: string | null): void;
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
  let uses = new Map<string, KeyUse>();

  async function save(): Promise<void> {
    if (uses.size === 0) return;
    const batch = uses;
    uses = new Map();
    try {
      await store.saveLastUsed(batch);
    } catch (err) {
      log.warn({ err, keys: batch.size }, "Cannot write the last-used times of keys; trying again later");
      uses = new Map([...batch, ...uses]);
    }
  }

  const timer = setInterval(() => void save(), saveEveryMs);
  timer.unref();
  return {
    note: (keyId, from) => void uses.set(keyId, { at: clock.now(), from }),
    async close() {
      clearInterval(timer);
      await save();
    },
  };
}
