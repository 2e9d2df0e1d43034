// One hash of a text, for names that must not be told.

import { createHash } from "node:crypto";

/** SHA-256 in hexadecimal: 64 characters. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
