// The written form of keys: prefix, 43 base62 characters (256 bit), 6 base62 characters of CRC-32. Knows no storage.

export const keyPrefixes = { caller: "axk_", worker: "axw_" } as const;
export type KeyKind = keyof typeof keyPrefixes;

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const secretLength = 43;
const checksumLength = 6;
const keyPattern = /^ax[kw]_[0-9A-Za-z]{49}$/;

/** A new random key of `kind`, e.g. `axk_` and 49 characters. */
export function createKeyText(kind: KeyKind): string {
  let number = 0n;
  for (const byte of globalThis.crypto.getRandomValues(new Uint8Array(32))) number = number * 256n + BigInt(byte);
  const body = keyPrefixes[kind] + toBase62(number, secretLength);
  return body + toBase62(BigInt(crc32(body)), checksumLength);
}

/** The kind when `text` is a well-formed key, checksum included; undefined otherwise. */
export function readKeyKind(text: string): KeyKind | undefined {
  if (!keyPattern.test(text)) return undefined;
  const body = text.slice(0, -checksumLength);
  if (toBase62(BigInt(crc32(body)), checksumLength) !== text.slice(-checksumLength)) return undefined;
  return text.startsWith(keyPrefixes.worker) ? "worker" : "caller";
}

/** What may be shown of a key: its first eight and last four characters. */
export function maskKey(text: string): string {
  return `${text.slice(0, 8)}…${text.slice(-4)}`;
}

function toBase62(number: bigint, length: number): string {
  let text = "";
  for (let rest = number; text.length < length; rest /= 62n) text = alphabet[Number(rest % 62n)] + text;
  return text;
}

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
