// Small readers for the fields of a request. Each throws `invalid_request` that names the field, what came and what
// would be right. Written by hand, not with a schema library: this runs on every request. Null counts as absent.

import { AppError } from "@auxot/wire/errors";
import { isRecord, readRawNumber } from "./json.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Throws: `messages[0].role: expected one of user, assistant, got "usr".` */
export function failField(path: string, expected: string, got: unknown): never {
  const message = `${path === "" ? "The request body" : path}: expected ${expected}, got ${describe(got)}.`;
  throw new AppError("invalid_request", message, path === "" ? {} : { param: path });
}

export function readRecord(value: unknown, path: string, expected = "an object"): Fields {
  return isRecord(value) ? value : failField(path, expected, value);
}

export function readArray(value: unknown, path: string, expected = "an array"): readonly unknown[] {
  return Array.isArray(value) ? value : failField(path, expected, value);
}

export function readString(value: unknown, path: string, expected = "a string"): string {
  return typeof value === "string" ? value : failField(path, expected, value);
}

export function readName(value: unknown, path: string, expected = "a name"): string {
  return typeof value === "string" && value !== "" ? value : failField(path, expected, value);
}

export function readOneOf<const T extends string>(value: unknown, path: string, options: readonly T[]): T {
  const found = options.find((option) => option === value);
  return found ?? failField(path, options.length === 1 ? `"${options[0]}"` : `one of ${options.join(", ")}`, value);
}

export function readOptionalString(value: unknown, path: string): string | undefined {
  return isAbsent(value) ? undefined : readString(value, path);
}

export function readOptionalBoolean(value: unknown, path: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  return typeof value === "boolean" ? value : failField(path, "true or false", value);
}

export function readOptionalNumber(value: unknown, path: string, min: number, max: number): number | undefined {
  if (isAbsent(value)) return undefined;
  const number = readRawNumber(value);
  if (typeof number === "number" && number >= min && number <= max) return number;
  return failField(
    path,
    Number.isFinite(max) ? `a number from ${min} to ${max}` : `a number of at least ${min}`,
    number,
  );
}

export function readOptionalInteger(value: unknown, path: string, min: number): number | undefined {
  if (isAbsent(value)) return undefined;
  const number = readRawNumber(value);
  if (typeof number === "number" && Number.isInteger(number) && number >= min) return number;
  return failField(path, Number.isFinite(min) ? `an integer of at least ${min}` : "an integer", number);
}

/** A list of strings without its empty entries; undefined when nothing is left. */
export function readOptionalStrings(value: unknown, path: string): readonly string[] | undefined {
  if (isAbsent(value)) return undefined;
  const strings = readArray(value, path, "an array of strings").map((entry, at) => readString(entry, `${path}[${at}]`));
  const filled = strings.filter((entry) => entry !== "");
  return filled.length === 0 ? undefined : filled;
}

/** Adds to `unknown` the paths of fields that are there and not among `known`. */
export function noteUnknown(fields: Fields, path: string, known: readonly string[], unknown: string[]): void {
  for (const [name, value] of Object.entries(fields))
    if (!isAbsent(value) && !known.includes(name)) unknown.push(`${path}.${name}`);
}

/** Null and undefined: both mean "not given" in the two vendors' formats. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** `value` under `key`, or nothing at all when it is undefined: optional properties are absent, never undefined. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "object" && value !== null) return isRecord(value) ? "an object" : "a number";
  return String(value);
}
