// JSON Schemas as a vendor takes them. What a vendor does not refuse is passed on as it came.

import { isRecord } from "../reading/json.ts";

type Schema = Readonly<Record<string, unknown>>;

/** `removed` names each keyword once: a caller should know what nothing holds the model to any more. */
export type FittedSchema = { readonly schema: Schema; readonly removed: readonly string[] };

/** Anthropic answers 400 to these in strict tools and output formats; its SDK tells the model of them in words. */
const anthropicRefuses = new Set(
  (
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength maxItems uniqueItems contains " +
    "minContains maxContains prefixItems additionalItems minProperties maxProperties patternProperties propertyNames " +
    "unevaluatedItems unevaluatedProperties dependencies dependentRequired dependentSchemas not if then else"
  ).split(" "),
);
const anthropicFormats = new Set("date-time time date duration email hostname uri ipv4 ipv6 uuid".split(" "));
/** Look-around, back-references and word boundaries. */
const unsupportedPattern = /\(\?[=!<]|\\[1-9bB]/;

const openaiStrictRefuses = ["allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"];

/**
 * The schema as Anthropic compiles it for strict tools and output formats: objects are closed, what is refused goes into
 * the description. https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 */
export function fitAnthropicStrict(schema: Schema): FittedSchema {
  const removed = new Set<string>();
  const fit = (value: unknown): unknown => (isRecord(value) ? fitNode(value) : value);
  function fitNode(node: Schema): Schema {
    const kept: Record<string, unknown> = {};
    const told: string[] = [];
    for (const [key, value] of Object.entries(node)) {
      if (isRefused(key, value)) {
        removed.add(key);
        told.push(`${key}: ${JSON.stringify(value)}`);
      } else if (key === "oneOf") kept["anyOf"] = mapSchemas(key, value, fit);
      else kept[key] = mapSchemas(key, value, fit);
    }
    if (told.length > 0)
      kept["description"] = [node["description"], `{${told.join(", ")}}`].filter(Boolean).join("\n\n");
    if (!isObjectSchema(node)) return kept;
    if (node["additionalProperties"] !== undefined && node["additionalProperties"] !== false)
      removed.add("additionalProperties");
    return { ...kept, additionalProperties: false };
  }
  return { schema: fitNode(schema), removed: [...removed] };
}

function isRefused(key: string, value: unknown): boolean {
  if (anthropicRefuses.has(key)) return true;
  if (key === "minItems") return value !== 0 && value !== 1;
  if (key === "format") return !anthropicFormats.has(String(value));
  return key === "pattern" && unsupportedPattern.test(String(value));
}

/**
 * Whether OpenAI would take the schema as strict: all objects closed, all their properties required, no alternatives but
 * anyOf inside. https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function fitsOpenaiStrict(schema: Schema): boolean {
  if (schema["type"] !== "object" || schema["anyOf"] !== undefined) return false;
  let fits = true;
  const check = (value: unknown): unknown => {
    if (!isRecord(value)) return value;
    fits &&=
      !openaiStrictRefuses.some((key) => value[key] !== undefined) && (!isObjectSchema(value) || isClosed(value));
    for (const [key, inner] of Object.entries(value)) mapSchemas(key, inner, check);
    return value;
  };
  check(schema);
  return fits;
}

function isClosed(node: Schema): boolean {
  const required: readonly unknown[] = Array.isArray(node["required"]) ? node["required"] : [];
  const properties = isRecord(node["properties"]) ? Object.keys(node["properties"]) : [];
  return node["additionalProperties"] === false && properties.every((name) => required.includes(name));
}

function isObjectSchema(node: Schema): boolean {
  const { type } = node;
  return type === "object" || (Array.isArray(type) && type.includes("object")) || isRecord(node["properties"]);
}

/** The value of a keyword with its schemas replaced; values that hold no schemas (enum, const, default) as they are. */
function mapSchemas(key: string, value: unknown, map: (schema: unknown) => unknown): unknown {
  switch (key) {
    case "properties":
    case "$defs":
    case "definitions":
      if (!isRecord(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, map(schema)]));
    case "anyOf":
    case "oneOf":
    case "allOf":
      return Array.isArray(value) ? value.map(map) : value;
    case "items":
      return Array.isArray(value) ? value.map(map) : map(value);
    default:
      return value;
  }
}
