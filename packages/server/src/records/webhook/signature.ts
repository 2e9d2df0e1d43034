// Signs what the webhook is told, as https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
// says: HMAC-SHA256 over id, time and body. Pure.

import { createHmac } from "node:crypto";
import type { Secret } from "../../platform/secret-text.ts";

const prefix = "whsec_";
const keyBytes = { least: 24, most: 64 };

/** The key in a secret: base64, behind `whsec_` or not. Undefined when there is none of 24 to 64 bytes. */
export function readWebhookKey(secret: string): Buffer | undefined {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const key = Buffer.from(text, "base64");
  return key.length >= keyBytes.least && key.length <= keyBytes.most ? key : undefined;
}

/** The three headers. `seconds` since 1970, of this try: receivers refuse what is too old. */
export function signWebhook(secret: Secret, id: string, seconds: number, body: string): Record<string, string> {
  const key = readWebhookKey(secret.reveal());
  if (key === undefined) throw new Error("The secret of the webhook was checked with the configuration.");
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(seconds), "webhook-signature": `v1,${signature}` };
}
