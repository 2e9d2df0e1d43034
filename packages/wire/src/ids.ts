// Typed, prefixed ids.

export const idPrefixes = {
  request: "req_",
  worker: "wrk_",
  session: "ses_",
  job: "job_",
  key: "key_",
  provider: "prv_",
} as const;

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `prefix` and `length` random base62 characters (default 24, about 143 bits). */
export function createId(prefix: string, length = 24): string {
  let text = prefix;
  while (text.length < prefix.length + length) {
    for (const byte of globalThis.crypto.getRandomValues(new Uint8Array(length))) {
      // 248 = 4 * 62: higher bytes would favour the first letters.
      if (byte < 248 && text.length < prefix.length + length) text += alphabet[byte % 62];
    }
  }
  return text;
}
