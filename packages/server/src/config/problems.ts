// Owns the list of what is wrong with a configuration, each with its path.

import { z } from "zod";
import { findNearMatches } from "@auxot/wire/near-matches";

export type Path = readonly (string | number)[];

export type Problems = {
  add(path: Path, message: string): void;
  /** Later problems at this path or below are consequences of one already told. */
  silence(path: Path): void;
  /** Checks and adds what is wrong; the value when nothing is. */
  check<Value>(path: Path, schema: z.ZodType<Value>, input: unknown): Value | undefined;
  all(): readonly string[];
};

export function createProblems(): Problems {
  const problems: string[] = [];
  const silenced: string[] = [];

  function add(path: Path, message: string): void {
    const shown = showPath(path);
    if (silenced.some((quiet) => shown === quiet || shown.startsWith(`${quiet}.`) || shown.startsWith(`${quiet}[`)))
      return;
    const line = shown === "" ? message : `${shown}: ${message}`;
    if (!problems.includes(line)) problems.push(line);
  }

  return {
    add,
    silence: (path) => void silenced.push(showPath(path)),
    check(path, schema, input) {
      const parsed = schema.safeParse(input);
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues) addIssue(issue, path, schema, add);
      return undefined;
    },
    all: () => problems,
  };
}

/** `providers[1].baseUrl`. */
export function showPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

function addIssue(issue: z.core.$ZodIssue, prefix: Path, schema: z.ZodType, add: Problems["add"]): void {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  if (issue.code === "unrecognized_keys") {
    const known = listFields(schema, issue.path);
    for (const key of issue.keys) {
      const nearest = findNearMatches(key, known)[0];
      add([...path, key], nearest === undefined ? "unknown field" : `unknown field; did you mean ${nearest}?`);
    }
    return;
  }
  if (issue.code === "invalid_type") {
    const missing = issue.message.endsWith("received undefined") || issue.message.endsWith("received null");
    add(path, missing ? "is required" : `must be ${describeType(issue.expected)}`);
    return;
  }
  add(path, issue.message);
}

/** The fields a schema has at `path`. Lists are unwrapped like what is optional, so their indexes need no step. */
function listFields(schema: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodObject) {
    const [part, ...rest] = path.filter((step) => typeof step === "string");
    const fields = new Map(Object.entries(schema.shape));
    return part === undefined ? [...fields.keys()] : listFields(fields.get(part), rest);
  }
  const isWrapped = typeof schema === "object" && schema !== null && "unwrap" in schema;
  return isWrapped && typeof schema.unwrap === "function" ? listFields(schema.unwrap(), path) : [];
}

function describeType(expected: string): string {
  switch (expected) {
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a group of fields";
    case "string":
      return "text (put it in quotes)";
    case "int":
      return "a whole number";
    case "boolean":
      return "true or false";
    default:
      return `a ${expected}`;
  }
}
