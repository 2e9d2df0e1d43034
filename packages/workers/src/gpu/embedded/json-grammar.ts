// Writes GBNF grammars (llama.cpp grammars/README.md) that let a model write nothing but what a JSON Schema allows. Pure.
// Not enforced, because a grammar cannot or should not: pattern, format, number ranges, uniqueItems, property counts. A
// schema or keyword it does not know allows any JSON value.

import type { ToolDefinition } from "@auxot/wire/chat";
import type { ToolFormat } from "./tool-format.ts";

type Schema = Readonly<Record<string, unknown>>;

const terminals: Readonly<Record<string, string>> = {
  ws: String.raw`| " " | "\n" [ \t]{0,20}`,
  value: `object | array | string | number | boolean | "null"`,
  object: `"{" ws (string ":" ws value ws ("," ws string ":" ws value ws)*)? "}"`,
  array: `"[" ws (value ws ("," ws value ws)*)? "]"`,
  char: String.raw`[^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})`,
  string: String.raw`"\"" char* "\""`,
  integer: `"-"? ("0" | [1-9] [0-9]{0,15})`,
  number: `integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?`,
  boolean: `"true" | "false"`,
};

/** Any JSON object. */
export function writeJsonGrammar(): string {
  return writeRules({ root: "ws object" });
}

/** Any JSON value that fits `schema`; properties come in the order in which the schema lists them. */
export function writeSchemaGrammar(schema: Schema): string {
  const writer = createSchemaWriter(schema);
  const root = writer.visit(schema);
  return writeRules({ root: `ws ${root}`, ...writer.rules });
}

/** One call of one of `tools`; undefined where the format has no simple grammar. */
export function writeToolCallGrammar(tools: readonly ToolDefinition[], format: ToolFormat): string | undefined {
  if (format === "mistral") return undefined;
  const rules: Record<string, string> = {};
  const calls = tools.map((tool, i) => {
    const writer = createSchemaWriter(tool.parameters, `tool-${i}-`);
    const parameters = writer.visit({ type: "object", ...tool.parameters });
    Object.assign(rules, writer.rules);
    const key = format === "hermes" ? "arguments" : "parameters";
    return `${literal(`{"name": ${JSON.stringify(tool.name)}, "${key}": `)} ${parameters} "}"`;
  });
  const call = `(${calls.join(" | ")})`;
  const root =
    format === "hermes" ? `ws ${literal("<tool_call>\n")} ${call} ${literal("\n</tool_call>")}` : `ws ${call}`;
  return writeRules({ root, ...rules });
}

function writeRules(rules: Readonly<Record<string, string>>): string {
  return Object.entries({ ...rules, ...terminals })
    .map(([name, body]) => `${name} ::= ${body}\n`)
    .join("");
}

type SchemaWriter = { readonly rules: Record<string, string>; visit(schema: unknown): string };

function createSchemaWriter(root: Schema, prefix = "r-"): SchemaWriter {
  const rules: Record<string, string> = {};
  const references = new Map<string, string>();

  function add(body: string): string {
    const name = `${prefix}${Object.keys(rules).length}`;
    rules[name] = body;
    return name;
  }

  function visit(schema: unknown): string {
    if (!isRecord(schema)) return "value";
    if (typeof schema["$ref"] === "string") return visitReference(schema["$ref"]);
    if ("const" in schema) return literal(JSON.stringify(schema["const"]));
    if (Array.isArray(schema["enum"])) return choose(schema["enum"].map((value) => literal(JSON.stringify(value))));
    const alternatives = schema["anyOf"] ?? schema["oneOf"];
    if (Array.isArray(alternatives)) return choose(alternatives.map(visit));
    if (Array.isArray(schema["allOf"])) return visit(mergeAll(schema, schema["allOf"]));
    const type = schema["type"];
    if (Array.isArray(type)) return choose(type.map((one) => visit({ ...schema, type: one })));
    switch (type ?? (isRecord(schema["properties"]) ? "object" : undefined)) {
      case "object":
        return visitObject(schema);
      case "array":
        return visitArray(schema);
      case "string":
        return visitString(schema);
      case "null":
        return `"null"`;
      case "integer":
      case "number":
      case "boolean":
        return String(type);
      default:
        return "value";
    }
  }

  function visitReference(reference: string): string {
    const known = references.get(reference);
    if (known !== undefined) return known;
    let target: unknown = root;
    for (const part of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
      target = isRecord(target) ? target[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
    }
    // The name is given before the body is visited, so that a schema may refer to itself.
    const name = add("value");
    references.set(reference, name);
    rules[name] = visit(target);
    return name;
  }

  function visitObject(schema: Schema): string {
    const properties = Object.entries(isRecord(schema["properties"]) ? schema["properties"] : {});
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const additional = schema["additionalProperties"];
    if (properties.length === 0 && (additional === undefined || additional === true)) return "object";
    const more = additional === undefined || additional === false ? undefined : visit(additional);
    const names = { first: "", later: "" };
    names.first = add(more === undefined ? `""` : `(string ":" ws ${more} ws ("," ws string ":" ws ${more} ws)*)?`);
    names.later = add(more === undefined ? `""` : `("," ws string ":" ws ${more} ws)*`);
    for (const [key, child] of properties.toReversed()) {
      const item = `${literal(JSON.stringify(key))} ":" ws ${visit(child)} ws ${names.later}`;
      const isRequired = required.includes(key);
      names.first = add(isRequired ? item : `${item} | ${names.first}`);
      names.later = add(isRequired ? `"," ws ${item}` : `"," ws ${item} | ${names.later}`);
    }
    return add(`"{" ws ${names.first} "}"`);
  }

  function visitArray(schema: Schema): string {
    if (Array.isArray(schema["prefixItems"])) {
      const items = schema["prefixItems"].map(visit);
      return add(`"[" ws ${items.join(` ws "," ws `)} ws "]"`);
    }
    const item = add(visit(schema["items"]));
    const least = readCount(schema["minItems"]) ?? 0;
    const most = readCount(schema["maxItems"]);
    if (most === 0) return `"[" ws "]"`;
    const rest = `("," ws ${item} ws){${Math.max(0, least - 1)},${most === undefined ? "" : most - 1}}`;
    const items = `${item} ws ${rest}`;
    return add(`"[" ws ${least === 0 ? `(${items})?` : items} "]"`);
  }

  function visitString(schema: Schema): string {
    const least = readCount(schema["minLength"]);
    const most = readCount(schema["maxLength"]);
    if (least === undefined && most === undefined) return "string";
    return String.raw`"\"" char{${least ?? 0},${most ?? ""}} "\""`;
  }

  function choose(expressions: readonly string[]): string {
    return expressions.length === 0 ? "value" : add(expressions.join(" | "));
  }

  return { rules, visit };
}

/** Puts the parts of `allOf` into one object schema. */
function mergeAll(schema: Schema, parts: readonly unknown[]): Schema {
  const { allOf: _, ...rest } = schema;
  const merged: Record<string, unknown> = { ...rest };
  const properties = { ...asRecord(rest["properties"]) };
  const required = [...asList(rest["required"])];
  for (const part of parts.filter(isRecord)) {
    Object.assign(merged, part);
    Object.assign(properties, asRecord(part["properties"]));
    required.push(...asList(part["required"]));
  }
  return { ...merged, ...(Object.keys(properties).length === 0 ? {} : { properties, required }) };
}

/** A GBNF literal. */
function literal(text: string): string {
  let body = "";
  for (const character of text) {
    if (character === '"' || character === "\\") body += `\\${character}`;
    else if (character === "\n") body += String.raw`\n`;
    else if (character < " ") body += `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    else body += character;
  }
  return `"${body}"`;
}

function readCount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function asRecord(value: unknown): Schema {
  return isRecord(value) ? value : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
