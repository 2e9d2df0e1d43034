// Owns the news of revoked keys: made here or heard of from other routers.

import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import type { Identifier } from "./identify.ts";
import type { KeyStore } from "./store.ts";

export type Revocations = {
  /** Tells this router of keys revoked here. */
  announce(ids: readonly string[]): void;
  onRevoked(listener: (keyId: string) => void): () => void;
  close(): Promise<void>;
};

/** Clocks of routers on one database may differ by this much. */
const clockSkewMs = 60_000;

export async function followRevocations(
  deps: { readonly store: KeyStore; readonly clock: Clock; readonly log: Log },
  identifier: Pick<Identifier, "forget">,
): Promise<Revocations> {
  const { store, clock, log } = deps;
  const startedAt = new Date(clock.now() - clockSkewMs);
  const listeners = new Set<(keyId: string) => void>();
  let closed = false;

  function announce(ids: readonly string[]): void {
    identifier.forget();
    for (const id of ids) for (const listener of listeners) listener(id);
  }

  // News sent while the link to the database was down never came: ask for it.
  async function catchUp(): Promise<void> {
    identifier.forget();
    try {
      announce(await store.listRevokedSince(startedAt));
    } catch (err) {
      if (!closed) log.error({ err }, "Cannot ask which keys were revoked; known keys are asked for again within 60 s");
    }
  }

  const unlisten = await store.listen(announce, () => void catchUp());
  return {
    announce,
    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      await unlisten();
    },
  };
}
