// Owns the question what a presented key text is, by its form alone. Knows no storage.

import { readKeyKind, type KeyKind } from "@auxot/wire/key-format";

/** Shortest key text an administrator may choose. */
export const minKeyLength = 24;

/** `plain` is a text chosen by an administrator; `malformed` looks like one of our keys but is not (typing error, cut off). */
export function readKeyForm(text: string): KeyKind | "plain" | "malformed" {
  if (/^ax[a-z]_/.test(text)) return readKeyKind(text) ?? "malformed";
  return text.length < minKeyLength ? "malformed" : "plain";
}
