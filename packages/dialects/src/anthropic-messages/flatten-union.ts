// A tool's schema whose root is a union -> one object, which is all that Anthropic takes there.
// "input_schema does not support oneOf, allOf, or anyOf at the top level"

import { isRecord } from "../json.ts";

type Schema = Readonly<Record<string, unknown>>;

const unions = ["anyOf", "oneOf", "allOf"] as const;

/**
 * One object with the properties of all variants, of which those are required that every variant requires (`allOf`: any).
 * Undefined when the root is no union. What is no object among the variants is left out; unions within them are not opened.
 */
export function flattenRootUnion(schema: Schema): Schema | undefined {
  if (!unions.some((keyword) => Array.isArray(schema[keyword]))) return undefined;
  const { anyOf: _, oneOf: __, allOf: ___, ...root } = schema;
  const properties = new Map<string, unknown[]>();
  const required = new Set<string>();
  take(properties, schema);
  for (const name of readRequired(schema)) required.add(name);
  for (const keyword of unions) {
    const variants = readVariants(schema, keyword);
    for (const variant of variants) take(properties, variant);
    for (const name of joinRequired(variants, keyword === "allOf")) required.add(name);
  }
  return {
    ...root,
    type: "object",
    properties: Object.fromEntries(Array.from(properties, ([name, kinds]) => [name, joinKinds(kinds)])),
    ...(required.size === 0 ? {} : { required: [...required] }),
  };
}

function readVariants(schema: Schema, keyword: (typeof unions)[number]): readonly Schema[] {
  const listed: unknown = schema[keyword];
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((entry: unknown) => {
    const variant = isRecord(entry) ? resolve(entry, schema) : undefined;
    return variant === undefined || !mayBeObject(variant) ? [] : [variant];
  });
}

function mayBeObject({ type }: Schema): boolean {
  return type === undefined || type === "object" || (Array.isArray(type) && type.includes("object"));
}

/** A reference into the definitions of the root; others stay unread. */
function resolve(entry: Schema, root: Schema): Schema | undefined {
  const reference = entry["$ref"];
  if (typeof reference !== "string") return entry;
  const [, group = "", name = ""] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(reference) ?? [];
  const definitions = root[group];
  const found: unknown = isRecord(definitions) ? definitions[name] : undefined;
  return isRecord(found) && found["$ref"] === undefined ? found : undefined;
}

function take(properties: Map<string, unknown[]>, schema: Schema): void {
  const own = schema["properties"];
  if (!isRecord(own)) return;
  for (const [name, kind] of Object.entries(own)) {
    const kinds = properties.get(name) ?? [];
    if (!kinds.some((known) => JSON.stringify(known) === JSON.stringify(kind))) kinds.push(kind);
    properties.set(name, kinds);
  }
}

function joinKinds(kinds: readonly unknown[]): unknown {
  return kinds.length === 1 ? kinds[0] : { anyOf: kinds };
}

function joinRequired(variants: readonly Schema[], any: boolean): readonly string[] {
  const [first, ...others] = variants.map(readRequired);
  if (first === undefined) return [];
  return any ? [first, ...others].flat() : first.filter((name) => others.every((names) => names.includes(name)));
}

function readRequired(schema: Schema): readonly string[] {
  const names = schema["required"];
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
}
