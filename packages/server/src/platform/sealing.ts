// Owns encryption and the pepper of key look-ups, all derived from the one secret key. Stores nothing.

import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import { createSecret, type Secret } from "./secret-text.ts";

/** Envelope encryption: each text has its own data key, which the master key wraps. */
export type Sealing = {
  /** Names the master key; the same secret key always gives the same id. */
  readonly keyId: string;
  /** `context` (e.g. the provider's id) is authenticated: what is sealed for one cannot be opened for another. */
  seal(plain: Secret, context: string): string;
  /** Throws `internal` when sealed with another secret key, for another context, or damaged. */
  open(sealed: string, context: string): Secret;
};

/** Turns key texts into look-up values. `id` names the pepper. */
export type Pepper = {
  readonly id: string;
  /** HMAC-SHA256, 32 bytes. About 3 microseconds. */
  hmac(text: string): Buffer;
};

const version = "v1";

export function createSealing(secretKey: Secret): Sealing {
  const masterKey = derive(secretKey, "auxot sealing v1");
  const keyId = nameKey(masterKey);
  return {
    keyId,
    seal(plain, context) {
      const dataKey = randomBytes(32);
      const wrapped = encrypt(masterKey, dataKey, `${version}.${keyId}.${context}`);
      const body = encrypt(dataKey, Buffer.from(plain.reveal(), "utf8"), context);
      return [version, keyId, wrapped, body].join(".");
    },
    open(sealed, context) {
      const [sealedVersion, sealedKeyId, wrapped, body] = sealed.split(".");
      if (sealedVersion !== version || wrapped === undefined || body === undefined) {
        throw new AppError("internal", "A stored secret is damaged or was written by a newer Auxot.");
      }
      if (sealedKeyId !== keyId) {
        throw new AppError(
          "internal",
          `A stored secret was sealed with another secret key (${sealedKeyId}, this router has ${keyId}). ` +
            "Start with the AUXOT_SECRET_KEY (or secret.key file) it was made with.",
        );
      }
      try {
        const dataKey = decrypt(masterKey, wrapped, `${version}.${keyId}.${context}`);
        return createSecret(decrypt(dataKey, body, context).toString("utf8"));
      } catch (cause) {
        throw new AppError("internal", "A stored secret is damaged or belongs to something else.", { cause });
      }
    },
  };
}

export function createPepper(secretKey: Secret): Pepper {
  const pepper = derive(secretKey, "auxot key pepper v1");
  return {
    id: nameKey(pepper),
    hmac: (text) => createHmac("sha256", pepper).update(text, "utf8").digest(),
  };
}

/** 32 bytes, another for each label. */
export function derive(secretKey: Secret, label: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secretKey.reveal(), "", label, 32));
}

function nameKey(key: Buffer): string {
  return createHash("sha256").update("auxot key id").update(key).digest("base64url").slice(0, 11);
}

/** AES-256-GCM; `context` is authenticated and not contained. `iv` has 12 bytes and must not come twice for two plains. */
export function encrypt(key: Buffer, plain: Buffer, context: string, iv: Buffer = randomBytes(12)): string {
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(context, "utf8"));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
}

/** Throws when damaged, or when key or context are others. */
export function decrypt(key: Buffer, text: string, context: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(context, "utf8")).setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
}
