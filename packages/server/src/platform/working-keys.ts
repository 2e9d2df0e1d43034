// The keys of daily work: what signs, and seals what leaves the router. They are kept sealed by the key ring, so that the
// secret key can be changed without a change of what was made with them.

import type { SigningKey } from "./signer.ts";

type Purpose = {
  /** What the first key of the purpose is derived from the secret key with. */
  readonly label: string;
  /** Whether a rotation makes a new one. Old ones stay, to check and open what they made. */
  readonly rotates: boolean;
};

export const workingKeyPurposes = {
  /** Look-up values of keys cannot be made anew: nobody has the keys' texts. */
  pepper: { label: "auxot key pepper v1", rotates: false },
  /** Cookies and the secrets of authenticator apps: a new one would sign everybody out and end their second factor. */
  "sign-in": { label: "auxot sign-in engine v1", rotates: false },
  reasoning: { label: "auxot reasoning v1", rotates: true },
  "audit-anchor": { label: "auxot audit anchor v1", rotates: true },
} as const satisfies Readonly<Record<string, Purpose>>;

export type WorkingKeyPurpose = keyof typeof workingKeyPurposes;

export type WorkingKeys = {
  /** For what is made now. */
  current(purpose: WorkingKeyPurpose): SigningKey;
  /** For what was made before; newest first. One that is not current yet is among them. */
  all(purpose: WorkingKeyPurpose): readonly SigningKey[];
};
