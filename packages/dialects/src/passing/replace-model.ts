// Replaces the top-level "model" of a JSON request on its bytes, so that the rest stays as the caller wrote it.

import { AppError } from "@auxot/wire/errors";
import { asBuffer } from "../streams/sse.ts";

const quote = 0x22;
const backslash = 0x5c;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** `body` is valid JSON. Where the key stands twice the last one counts, as in JSON.parse, and only that is replaced. */
export function replaceModel(body: Uint8Array, model: string): Uint8Array {
  const bytes = asBuffer(body);
  const range = findModelValue(bytes);
  if (range === undefined) {
    throw new AppError("invalid_request", "model: expected the name of a model, got nothing.", { param: "model" });
  }
  const start = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  return Buffer.concat([
    bytes.subarray(start, range.start),
    Buffer.from(JSON.stringify(model)),
    bytes.subarray(range.end),
  ]);
}

function findModelValue(bytes: Buffer): { readonly start: number; readonly end: number } | undefined {
  let found: { start: number; end: number } | undefined;
  let depth = 0;
  for (let at = 0; at < bytes.length;) {
    switch (bytes[at]) {
      case 0x7b: // {
      case 0x5b: // [
        depth++;
        at++;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        at++;
        break;
      case quote: {
        const end = skipString(bytes, at);
        const colon = depth === 1 ? skipSpace(bytes, end) : -1;
        if (bytes[colon] === 0x3a && isModelKey(bytes.subarray(at, end))) {
          const start = skipSpace(bytes, colon + 1);
          if (bytes[start] === quote) {
            at = skipString(bytes, start);
            found = { start, end: at };
            break;
          }
        }
        at = end;
        break;
      }
      default:
        at++;
    }
  }
  return found;
}

/** The offset behind the string that starts at `at`. Long strings are skipped natively. */
function skipString(bytes: Buffer, at: number): number {
  for (let end = bytes.indexOf(quote, at + 1); end !== -1; end = bytes.indexOf(quote, end + 1)) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return bytes.length;
}

function skipSpace(bytes: Buffer, at: number): number {
  let next = at;
  while (bytes[next] === 0x20 || bytes[next] === 0x0a || bytes[next] === 0x0d || bytes[next] === 0x09) next++;
  return next;
}

function isModelKey(text: Buffer): boolean {
  if (!text.includes(backslash)) return text.length === 7 && text.toString("latin1") === '"model"';
  return JSON.parse(text.toString("utf8")) === "model";
}
