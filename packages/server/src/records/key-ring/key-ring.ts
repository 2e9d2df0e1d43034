// Owns the key ring: the secret keys that wrap every sealed text, one of them current, and their rotation while everything
// runs. The keys themselves are the key provider's; the database says which is current, for all routers at once.

import { AppError } from "@auxot/wire/errors";
import type { Clock } from "../../platform/clock.ts";
import type { KeyProvider } from "../../platform/key-provider.ts";
import type { Log } from "../../platform/log.ts";
import { createEnvelope, type Sealing } from "../../platform/sealing.ts";
import type { WorkingKeys } from "../../platform/working-keys.ts";
import type { SealedColumn } from "../../store/sealed-columns.ts";
import { createWorkingKeys } from "./load-working-keys.ts";
import { resealAll, type ResealResult } from "./reseal.ts";
import type { KeyRingStore, RingKeyRow, RingKeyState } from "./store.ts";

export type RotationStatus = {
  readonly currentKeyId: string;
  /** Newest first. */
  readonly keys: readonly {
    readonly id: string;
    readonly state: RingKeyState;
    readonly currentSince: Date;
    /** Sealed texts that this key wraps. */
    readonly texts: number;
    /** This router has it. */
    readonly available: boolean;
  }[];
  /** Texts that are not under the current key yet. */
  readonly left: number;
};

export type KeyRing = {
  readonly sealing: Sealing;
  readonly workingKeys: WorkingKeys;
  /** Makes another key current; everything is sealed anew in the background. Throws `conflict` where keys are made elsewhere and no new one is there. */
  rotate(): Promise<RotationStatus>;
  /** Throws as `rotate` does. */
  requireRotatable(): Promise<void>;
  status(): Promise<RotationStatus>;
  /** Throws as `retire` does. */
  requireRetirable(id: string): Promise<void>;
  /** Takes a key out of the ring for good. Throws `not_found`, and `conflict` while anything is left under it. */
  retire(id: string): Promise<RotationStatus>;
  /** One pass of sealing anew; for tests and those who cannot wait. */
  reseal(): Promise<ResealResult>;
  /** Stops after the text at hand; the rest is done by another router or at the next start. Never rejects. */
  close(): Promise<void>;
};

export type KeyRingDeps = {
  readonly store: KeyRingStore;
  readonly provider: KeyProvider;
  readonly columns: readonly SealedColumn[];
  readonly clock: Clock;
  readonly log: Log;
  /** How often this router looks whether the ring changed or something is left to seal anew, should no news come; default 15 s. */
  readonly lookEveryMs?: number;
  /** The id of a secret key that is lost: what is sealed with it is deleted. Only when this router does not have it. */
  readonly lostKeyId?: string | undefined;
};

/** A text on its way to the database when the key changed has arrived by then. */
const quietMs = 60_000;

/** Throws an Error for the operator when this router lacks the key that the database is sealed with. */
export async function openKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  const { store, provider, columns, clock, log, lookEveryMs = 15_000 } = deps;
  if (deps.lostKeyId !== undefined) await forgetLost(deps, deps.lostKeyId);
  await store.makeFirst(await provider.currentKeyId(), new Date(clock.now()));
  let keys: readonly RingKeyRow[] = await store.listKeys();
  const current = (): string => keys.find(({ state }) => state === "current")?.id ?? "";
  await requireKey(current(), provider);
  const envelope = createEnvelope(provider, current);
  const workingKeys = createWorkingKeys({ store, provider, sealing: envelope, clock });
  await workingKeys.load();
  const stopped = new AbortController();
  let resealing: Promise<ResealResult> | undefined;
  let looking: Promise<void> = Promise.resolve();

  function reseal(): Promise<ResealResult> {
    resealing ??= resealAll({ store, envelope, columns, log }, current(), stopped.signal).finally(() => {
      resealing = undefined;
    });
    return resealing;
  }

  /** Learns what other routers did, and does what is left to do. */
  async function look(): Promise<void> {
    if (stopped.signal.aborted) return;
    try {
      keys = await store.listKeys();
      await workingKeys.load();
      const since = keys.find(({ state }) => state === "current")?.currentSince.getTime() ?? 0;
      if (doneFor === current() || !keys.some(({ state }) => state === "previous")) return;
      const { resealed, failed } = await reseal();
      // Nothing more can come: looking through all tables again would find the same, and log it again.
      if (resealed === 0 && clock.now() - since >= quietMs) doneFor = current();
      if (resealed > 0)
        log.info({ keyId: current(), resealed, failed }, "Stored secrets were sealed with the current key");
    } catch (err) {
      if (!stopped.signal.aborted) log.warn({ err }, "Cannot look after the key ring now; trying again");
    }
  }
  /** The key under which all is that can be. */
  let doneFor: string | undefined;
  let isWaiting = false;
  const lookLater = (): void => {
    if (isWaiting) return;
    isWaiting = true;
    looking = looking.then(() => {
      isWaiting = false;
      return look();
    });
  };

  async function status(): Promise<RotationStatus> {
    const listed = await store.listKeys();
    const available = await provider.keyIds();
    const texts = new Map<string, number>();
    for (const column of columns) {
      for (const [id, count] of await store.countByKey(column)) texts.set(id, (texts.get(id) ?? 0) + count);
    }
    const currentKeyId = listed.find(({ state }) => state === "current")?.id ?? "";
    const left = [...texts].filter(([id]) => id !== currentKeyId).reduce((sum, [, count]) => sum + count, 0);
    const shown = listed.map((key) => ({
      ...key,
      texts: texts.get(key.id) ?? 0,
      available: available.includes(key.id),
    }));
    return { currentKeyId, keys: shown, left };
  }

  async function requireRetirable(id: string): Promise<void> {
    const now = await status();
    if (now.left > 0) {
      doneFor = undefined;
      lookLater();
    }
    checkRetirable(now, id, clock.now());
  }

  const unlisten = await store.listen(lookLater);
  const timer = setInterval(lookLater, lookEveryMs);
  timer.unref();

  return {
    sealing: envelope,
    workingKeys,
    status,
    reseal,
    async rotate() {
      await store.rotate(new Date(clock.now()), async (currentId) => {
        let nextId = await provider.currentKeyId();
        if (nextId === currentId) nextId = await provider.addKey();
        const sealing = createEnvelope(provider, () => nextId);
        return { nextId, workingKeys: await workingKeys.plan(sealing, nextId) };
      });
      keys = await store.listKeys();
      log.info({ keyId: current() }, "The secret key was rotated");
      return status();
    },
    async requireRotatable() {
      if ((await provider.currentKeyId()) === current()) await provider.requireAddable();
    },
    requireRetirable,
    async retire(id) {
      await requireRetirable(id);
      if (await store.retire(id, new Date(clock.now()))) {
        const where = await provider.removeKey(id);
        log.info({ keyId: id, where }, "A secret key was retired");
      }
      return status();
    },
    async close() {
      stopped.abort();
      clearInterval(timer);
      await looking;
      await resealing?.catch(() => {});
      await unlisten().catch(() => {});
    },
  };
}

async function forgetLost({ store, provider, columns, log }: KeyRingDeps, id: string): Promise<void> {
  if ((await provider.keyIds()).includes(id)) {
    log.warn({ keyId: id }, "AUXOT_FORGET_SECRET_KEY names a key that this router has: nothing was deleted. Unset it.");
    return;
  }
  const deleted = await store.forget(columns, id);
  log.warn(
    { keyId: id, deleted },
    "What was sealed with a lost secret key was deleted. Unset AUXOT_FORGET_SECRET_KEY.",
  );
}

async function requireKey(id: string, provider: KeyProvider): Promise<void> {
  const known = await provider.keyIds();
  if (known.includes(id)) return;
  throw new Error(
    `What is sealed in the database is sealed with the secret key ${id}, and this router has ${known.join(", ")} ` +
      `(${provider.place}). Start with that key. Only if it is lost for good: start once with ` +
      `AUXOT_FORGET_SECRET_KEY=${id}, which deletes all that is sealed with it.`,
  );
}

function checkRetirable({ currentKeyId, keys }: RotationStatus, id: string, now: number): void {
  const key = keys.find((one) => one.id === id);
  if (key === undefined || key.state === "retired") {
    throw new AppError("not_found", `There is no secret key with the id "${id}" in the ring.`, { param: "id" });
  }
  if (id === currentKeyId) {
    throw new AppError("conflict", "This is the current secret key. Rotate first.", { param: "id" });
  }
  if (key.texts > 0) {
    const message = `${key.texts} stored secrets are still sealed with it. Wait until none is; the log tells of those that cannot be sealed anew.`;
    throw new AppError("conflict", message, { param: "id" });
  }
  const since = keys.find(({ state }) => state === "current")?.currentSince.getTime() ?? now;
  if (now - since < quietMs) {
    const retryAfterMs = quietMs - (now - since);
    throw new AppError("conflict", "It was replaced less than a minute ago. Wait until the minute is over.", {
      param: "id",
      retryAfterMs,
    });
  }
}
