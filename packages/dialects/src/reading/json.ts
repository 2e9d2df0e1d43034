// JSON text in and out without losing numbers: what JavaScript cannot hold exactly stays as the caller wrote it.
// Model replacement works on bytes and is in replace-model.ts.

import { AppError } from "@auxot/wire/errors";

/** What JSON.rawJSON makes: an object that JSON.stringify writes as `rawJSON`. */
type RawJson = { readonly rawJSON: string };
/** Node 26 has these (ECMAScript 2026); TypeScript's lib does not yet. */
const exactJson = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
};

const utf8 = new TextDecoder("utf-8", { fatal: true });
/** Numbers that may not survive: long runs of digits and large exponents. */
const riskyNumber = /\d{16}|\d[eE]\+?\d{3}/;

/** Nesting we accept in schemas and tool arguments: JSON.stringify is recursive. */
const maxDepth = 200;

/** Parses JSON text; numbers that a double cannot hold become raw JSON, which JSON.stringify writes unchanged. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  if (!riskyNumber.test(text)) return JSON.parse(text);
  return exactJson.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source && isLossy(value, source)
      ? exactJson.rawJSON(source)
      : value,
  );
}

/** Parses JSON text from a source; undefined when it is not JSON. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** JSON text of a value from a source; "" when it is nested too deeply to print. */
export function tryStringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "";
  }
}

/** The body of a request. Throws `invalid_request` that says where the JSON is wrong. */
export function parseJsonBody(body: Uint8Array): unknown {
  if (body.length === 0) throw new AppError("invalid_request", "The request body is empty; send a JSON object.");
  try {
    return parseJson(utf8.decode(body));
  } catch (cause) {
    throw new AppError("invalid_request", describeJsonError(cause), { cause });
  }
}

/** JSON text of a schema's or tool call's value. Throws `invalid_request` when it is nested too deeply. */
export function stringifyJson(value: unknown, path: string): string {
  checkDepth(value, path);
  return JSON.stringify(value);
}

/** Throws `invalid_request` naming `path` when `value` is nested more than 200 levels deep. */
export function checkDepth(value: unknown, path: string, depth = 0): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > maxDepth) {
    throw new AppError("invalid_request", `${path}: nested more than ${maxDepth} levels deep.`, { param: path });
  }
  for (const child of Array.isArray(value) ? value : Object.values(value)) checkDepth(child, path, depth + 1);
}

/** The number that raw JSON stands for; anything else comes back as it is. */
export function readRawNumber(value: unknown): unknown {
  return exactJson.isRawJSON(value) ? Number(value.rawJSON) : value;
}

/** True for a JSON object; raw numbers are none. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !exactJson.isRawJSON(value);
}

function isLossy(value: number, source: string): boolean {
  return !Number.isFinite(value) || (Math.abs(value) > Number.MAX_SAFE_INTEGER && /^-?\d+$/.test(source));
}

function describeJsonError(cause: unknown): string {
  if (cause instanceof RangeError) return "The request body is not valid JSON: it is nested too deeply.";
  if (cause instanceof TypeError) return "The request body is not valid JSON: it is not UTF-8 text.";
  // V8 quotes the text around the fault; its place or the one character says enough without the caller's words in logs.
  const message = cause instanceof Error ? cause.message : "";
  const position = /at position (\d+)( \(line \d+ column \d+\))?/.exec(message);
  if (position !== null) {
    return `The request body is not valid JSON: unexpected text at position ${position[1]}${position[2] ?? ""}.`;
  }
  const token = /^Unexpected token '(.)'/u.exec(message)?.[1];
  if (token !== undefined) return `The request body is not valid JSON: unexpected ${JSON.stringify(token)}.`;
  if (message.includes("end of JSON input")) return "The request body is not valid JSON: it ends too early.";
  return "The request body is not valid JSON.";
}
