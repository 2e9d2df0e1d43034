// Owns signatures of what the router says of itself, checked by itself later: HMAC-SHA256 with keys that have names.

import { createHmac, timingSafeEqual } from "node:crypto";

/** "unknown-key": signed with a key that this router does not have any more. */
export type SignatureCheck = "good" | "bad" | "unknown-key";

export type Signer = {
  sign(text: string): { readonly keyId: string; readonly signature: string };
  check(text: string, keyId: string, signature: string): SignatureCheck;
};

export type SigningKey = { readonly id: string; readonly key: Buffer };

/** `keys` is asked each time: `current` signs, all check. */
export function createSigner(keys: { current(): SigningKey; all(): readonly SigningKey[] }): Signer {
  return {
    sign(text) {
      const { id, key } = keys.current();
      return { keyId: id, signature: createHmac("sha256", key).update(text).digest("base64url") };
    },
    check(text, keyId, signature) {
      const found = keys.all().find(({ id }) => id === keyId);
      if (found === undefined) return "unknown-key";
      const expected = createHmac("sha256", found.key).update(text).digest();
      const given = Buffer.from(signature, "base64url");
      return given.length === expected.length && timingSafeEqual(given, expected) ? "good" : "bad";
    },
  };
}
