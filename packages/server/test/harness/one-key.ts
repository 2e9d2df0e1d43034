// What a key ring gives, of one secret key and without a ring.

import { derive } from "../../src/platform/encryption.ts";
import { createEnvironmentKeys, nameKey } from "../../src/platform/key-provider.ts";
import { createEnvelope, type Sealing } from "../../src/platform/sealing.ts";
import type { Secret } from "../../src/platform/secret-text.ts";
import type { SigningKey } from "../../src/platform/signer.ts";
import { workingKeyPurposes, type WorkingKeyPurpose, type WorkingKeys } from "../../src/platform/working-keys.ts";

export function createSealing(secretKey: Secret): Sealing {
  return createEnvelope(createEnvironmentKeys(secretKey), () => nameKey(secretKey));
}

/** The first keys of every purpose. */
export function deriveWorkingKeys(secretKey: Secret): WorkingKeys {
  const find = (purpose: WorkingKeyPurpose): SigningKey => ({
    id: `${purpose}-1`,
    key: derive(secretKey, workingKeyPurposes[purpose].label),
  });
  return { current: find, all: (purpose) => [find(purpose)] };
}
