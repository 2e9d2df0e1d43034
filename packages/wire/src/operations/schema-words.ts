// Says in words what a field takes, for help pages and documents. Pure.

import type { JsonSchema } from "./describe.ts";

/** E.g. `text, at most 100 characters`; without the description, which its author wrote. */
export function explainSchema(schema: JsonSchema): string {
  const { inner, isNullable } = splitNull(schema);
  const words = explainInner(inner);
  return isNullable ? `${words}, or null` : words;
}

/** Parts an `or null` from the schema. */
export function splitNull(schema: JsonSchema): { readonly inner: JsonSchema; readonly isNullable: boolean } {
  const { type, anyOf, ...rest } = schema;
  if (Array.isArray(type) && type.includes("null")) {
    const types = (type as readonly string[]).filter((one) => one !== "null");
    return { inner: { ...rest, type: types.length === 1 ? (types[0] ?? "string") : types }, isNullable: true };
  }
  const others = anyOf?.filter((one) => one.type !== "null");
  if (anyOf === undefined || others === undefined || others.length === anyOf.length) {
    return { inner: schema, isNullable: false };
  }
  const [only] = others;
  const inner = others.length === 1 && only !== undefined ? { ...rest, ...only } : { ...rest, anyOf: others };
  return { inner, isNullable: true };
}

function explainInner(schema: JsonSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map(String).join(", ")}`;
  if (schema.const !== undefined) return `always ${JSON.stringify(schema.const)}`;
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1) ?? "object";
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(explainSchema))].join(", or ");
  switch (schema.type) {
    case "string":
      return explainText(schema);
    case "integer":
    case "number":
      return (schema.type === "integer" ? "whole number" : "number") + explainRange(schema.minimum, schema.maximum, "");
    case "boolean":
      return "true or false";
    case "array":
      return schema.items === undefined ? "list" : `list of: ${explainSchema(schema.items)}`;
    case "object":
      return "object";
    case "null":
      return "null";
    default:
      return Array.isArray(schema.type) ? schema.type.join(" or ") : "anything";
  }
}

function explainText({ format, minLength, maxLength }: JsonSchema): string {
  switch (format) {
    case "date-time":
      return "time, such as 2027-01-31T12:00:00Z";
    case "date":
      return "day, such as 2027-01-31";
    case "email":
      return "mail address";
    case "uri":
      return "address, such as https://example.com";
    case "ipv4":
    case "ipv6":
      return "IP address";
    case "cidrv4":
    case "cidrv6":
      return "range of IP addresses, such as 10.0.0.0/8";
    default:
      return `text${explainRange(minLength === 1 ? undefined : minLength, maxLength, " characters")}`;
  }
}

function explainRange(least: number | undefined, most: number | undefined, unit: string): string {
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}${unit}`;
  if (most !== undefined) return `, at most ${most}${unit}`;
  return least === undefined ? "" : `, at least ${least}${unit}`;
}
