// Owns the primitives that everything sealed or signed is made with. Knows no key of its own and stores nothing.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { Secret } from "./secret-text.ts";

/** 32 bytes, another for each label. */
export function derive(secretKey: Secret | Buffer, label: string): Buffer {
  const key = Buffer.isBuffer(secretKey) ? secretKey : secretKey.reveal();
  return Buffer.from(hkdfSync("sha256", key, "", label, 32));
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
