// Owns sealed texts, by envelope encryption: each has a data key of its own, which a key of the ring wraps. Also the pepper
// of key look-ups. Stores nothing.

import { createHash, createHmac, randomBytes } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import { decrypt, derive, encrypt } from "./encryption.ts";
import { MissingKeyError, type KeyProvider } from "./key-provider.ts";
import { createSecret, type Secret } from "./secret-text.ts";

/** Seals texts for the place they are kept in, and opens them there and nowhere else. */
export type Sealing = {
  /** `context` is authenticated; for a column of the database it is `nameContext(table, column, row)`. */
  seal(plain: Secret, context: string): Promise<string>;
  /** Throws `internal` when the key it was sealed with is not here (the message names it), for another context, or damaged. */
  open(sealed: string, context: string): Promise<Secret>;
};

export type Envelope = Sealing & {
  /** The same text with its data key wrapped by `keyId`; the text itself is not opened. Throws as `open` does. */
  rewrap(sealed: string, context: string, keyId: string): Promise<string>;
};

/** Turns key texts into look-up values. `id` names the pepper. */
export type Pepper = {
  readonly id: string;
  /** HMAC-SHA256, 32 bytes. About 3 microseconds. */
  hmac(text: string): Buffer;
};

const version = "v2";

/** The context of what stands in a column; `row` is what its key columns hold, with spaces between. */
export function nameContext(table: string, column: string, row: string): string {
  return `${table}/${column}/${row}`;
}

/** `currentKeyId` is asked for each new text. */
export function createEnvelope(provider: KeyProvider, currentKeyId: () => string): Envelope {
  async function unwrap(sealed: string, context: string): Promise<{ readonly dataKey: Buffer; readonly body: string }> {
    const { keyId, wrapped, body } = readParts(sealed);
    try {
      return { dataKey: await provider.unwrap(keyId, wrapped, `${version}.${keyId}.${context}`), body };
    } catch (cause) {
      if (cause instanceof MissingKeyError) throw cause;
      throw new AppError("internal", `${damaged} Its secret key is ${keyId}.`, { cause });
    }
  }

  async function join(keyId: string, dataKey: Buffer, body: string, context: string): Promise<string> {
    const wrapped = await provider.wrap(keyId, dataKey, `${version}.${keyId}.${context}`);
    return [version, keyId, wrapped, body].join(".");
  }

  return {
    async seal(plain, context) {
      const dataKey = randomBytes(32);
      const body = encrypt(dataKey, Buffer.from(plain.reveal(), "utf8"), context);
      return join(currentKeyId(), dataKey, body, context);
    },
    async open(sealed, context) {
      const { dataKey, body } = await unwrap(sealed, context);
      try {
        return createSecret(decrypt(dataKey, body, context).toString("utf8"));
      } catch (cause) {
        throw new AppError("internal", damaged, { cause });
      }
    },
    async rewrap(sealed, context, keyId) {
      const { dataKey, body } = await unwrap(sealed, context);
      return join(keyId, dataKey, body, context);
    },
  };
}

/** A Buffer is the pepper itself; of a secret key it is derived. */
export function createPepper(source: Secret | Buffer): Pepper {
  const pepper = Buffer.isBuffer(source) ? source : derive(source, "auxot key pepper v1");
  return {
    id: createHash("sha256").update("auxot key id").update(pepper).digest("base64url").slice(0, 11),
    hmac: (text) => createHmac("sha256", pepper).update(text, "utf8").digest(),
  };
}

const damaged = "A stored secret is damaged or belongs to something else.";

function readParts(sealed: string): { readonly keyId: string; readonly wrapped: string; readonly body: string } {
  const [sealedVersion, keyId, wrapped, body] = sealed.split(".");
  if (sealedVersion !== version || keyId === undefined || wrapped === undefined || body === undefined) {
    throw new AppError("internal", "A stored secret is damaged or was written by another version of Auxot.");
  }
  return { keyId, wrapped, body };
}
