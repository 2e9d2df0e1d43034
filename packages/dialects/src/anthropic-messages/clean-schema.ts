// A JSON schema as Anthropic's constrained output takes it. Keywords it refuses are left out and named.
// https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations

import { isRecord } from "../json.ts";

type Schema = Readonly<Record<string, unknown>>;

const refused = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
]);
const formats = "date-time time date duration email hostname uri ipv4 ipv6 uuid".split(" ");
/** Below these stand names of the caller's, each with a schema. */
const maps = new Set(["properties", "$defs", "definitions"]);
const lists = new Set(["anyOf", "allOf", "oneOf"]);

/** `closeObjects` says of every object that it has no other properties, as the answer's own schema must. */
export function cleanSchema(schema: Schema, closeObjects: boolean, onRemoved: (keyword: string) => void): Schema {
  const cleaned: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (isRefused(keyword, value)) onRemoved(keyword);
    else if (maps.has(keyword) && isRecord(value))
      cleaned[keyword] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, clean(inner)]));
    else if (lists.has(keyword) && Array.isArray(value))
      cleaned[keyword === "oneOf" ? "anyOf" : keyword] = value.map(clean);
    else cleaned[keyword] = keyword === "items" ? clean(value) : value;
  }
  if (closeObjects && schema["type"] === "object") cleaned["additionalProperties"] = false;
  return cleaned;

  function clean(inner: unknown): unknown {
    return isRecord(inner) ? cleanSchema(inner, closeObjects, onRemoved) : inner;
  }
}

function isRefused(keyword: string, value: unknown): boolean {
  if (keyword === "minItems") return value !== 0 && value !== 1;
  if (keyword === "format") return typeof value === "string" && !formats.includes(value);
  return refused.has(keyword) && !isRecord(value);
}
