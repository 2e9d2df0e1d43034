// Owns the working keys in memory: opened with the ring, read again when the ring changes.

import { randomBytes } from "node:crypto";
import type { Clock } from "../../platform/clock.ts";
import type { KeyProvider } from "../../platform/key-provider.ts";
import { nameContext, type Sealing } from "../../platform/sealing.ts";
import { createSecret } from "../../platform/secret-text.ts";
import type { SigningKey } from "../../platform/signer.ts";
import { workingKeyPurposes, type WorkingKeyPurpose, type WorkingKeys } from "../../platform/working-keys.ts";
import type { KeyRingStore, WorkingKeyRow } from "./store.ts";

export type LoadedWorkingKeys = WorkingKeys & {
  /** Throws when one cannot be opened; what was loaded before stays. */
  load(): Promise<void>;
  /** New ones for a rotation to the secret key `keyId`, active a minute from now. */
  plan(sealing: Sealing, keyId: string): Promise<readonly WorkingKeyRow[]>;
};

/** Longer than a router takes to hear of a rotation. */
const activeAfterMs = 60_000;

const purposes = Object.keys(workingKeyPurposes) as readonly WorkingKeyPurpose[];

export function createWorkingKeys(deps: {
  readonly store: KeyRingStore;
  readonly provider: KeyProvider;
  readonly sealing: Sealing;
  readonly clock: Clock;
}): LoadedWorkingKeys {
  const { store, provider, sealing, clock } = deps;
  type Loaded = SigningKey & { readonly purpose: string; readonly activeFrom: number };
  let keys: readonly Loaded[] = [];

  async function makeFirst(found: readonly WorkingKeyRow[]): Promise<boolean> {
    const missing = purposes.filter((purpose) => !found.some((row) => row.purpose === purpose));
    const keyId = await provider.currentKeyId();
    const rows: WorkingKeyRow[] = [];
    for (const purpose of missing) {
      const key = (await provider.derive?.(workingKeyPurposes[purpose].label)) ?? randomBytes(32);
      rows.push(await toRow(sealing, nameWorkingKey(purpose, 1, keyId), purpose, key, 0));
    }
    await store.insertWorkingKeys(rows);
    return rows.length > 0;
  }

  async function toRow(by: Sealing, id: string, purpose: string, key: Buffer, delayMs: number) {
    const text = createSecret(key.toString("base64"));
    const valueSealed = await by.seal(text, nameContext("working_key", "value_sealed", id));
    const createdAt = new Date(clock.now());
    return { id, purpose, valueSealed, createdAt, activeFrom: new Date(clock.now() + delayMs) };
  }

  const all = (purpose: WorkingKeyPurpose): readonly Loaded[] => keys.filter((key) => key.purpose === purpose);

  return {
    all,
    current(purpose) {
      const known = all(purpose);
      const active = known.find(({ activeFrom }) => activeFrom <= clock.now()) ?? known.at(-1);
      if (active === undefined) throw new Error(`There is no working key for ${purpose}.`);
      return active;
    },
    async load() {
      let rows = await store.listWorkingKeys();
      if (await makeFirst(rows)) rows = await store.listWorkingKeys();
      keys = await Promise.all(
        rows.map(async ({ id, purpose, valueSealed, activeFrom }) => {
          const text = await sealing.open(valueSealed, nameContext("working_key", "value_sealed", id));
          return { id, purpose, key: Buffer.from(text.reveal(), "base64"), activeFrom: activeFrom.getTime() };
        }),
      );
    },
    async plan(by, keyId) {
      const rows = await store.listWorkingKeys();
      const rotating = purposes.filter((purpose) => workingKeyPurposes[purpose].rotates);
      return Promise.all(
        rotating.map((purpose) => {
          const number = 1 + rows.filter((row) => row.purpose === purpose).length;
          return toRow(by, nameWorkingKey(purpose, number, keyId), purpose, randomBytes(32), activeAfterMs);
        }),
      );
    },
  };
}

/** Of no other key ever, also when all were lost with their secret key: what one signed is not taken for another's. */
function nameWorkingKey(purpose: string, number: number, secretKeyId: string): string {
  return `${purpose}-${number}-${secretKeyId}`;
}
