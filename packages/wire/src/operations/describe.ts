// Describes operations as data: their words, and the fields of their input with the place each is sent in. The REST face,
// its document and the command line are made of this. Pure.

import { z } from "zod";
import type { Operation } from "./define-operation.ts";

/** JSON Schema 2020-12, as far as declarations use it. */
export type JsonSchema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly $ref?: string;
};

export type InputField = {
  readonly name: string;
  readonly place: "path" | "query" | "body";
  readonly isRequired: boolean;
  readonly schema: JsonSchema;
};

/** Whether what is not in the path is sent as a JSON body; otherwise it is the query. */
export function hasBody({ method }: Pick<Operation, "method">): boolean {
  return method === "POST" || method === "PATCH" || method === "PUT";
}

/** In the order of the declaration. */
export function listFields(operation: Operation): readonly InputField[] {
  const { properties = {}, required = [] } = toJsonSchema(operation.input, "input");
  const inPath = listPathFields(operation);
  const rest = hasBody(operation) ? "body" : "query";
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    place: inPath.includes(name) ? "path" : rest,
    isRequired: required.includes(name) || inPath.includes(name),
    schema,
  }));
}

/** Names of the `{field}` parts of the path, in its order. */
export function listPathFields({ path }: Pick<Operation, "path">): readonly string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, field = ""]) => field);
}

/** Whether it gives its answer in pages. */
export function isList(operation: Operation): boolean {
  const shape = readShape(operation.output);
  return operation.method === "GET" && shape?.["items"] !== undefined && shape["nextCursor"] !== undefined;
}

/** The schema of one thing in a list. Undefined: it is no list. */
export function findItem(operation: Operation): z.ZodType | undefined {
  const items = isList(operation) ? readShape(operation.output)?.["items"] : undefined;
  return items instanceof z.ZodArray ? (items.element as z.ZodType) : undefined;
}

/** As JSON Schema without what only a validator needs: patterns beside a format, bounds that every integer has. */
export function toJsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, jsonSchemaOptions(io));
  return rest as JsonSchema;
}

/** How declarations become JSON Schema everywhere. An answer may get more fields in a later version: none is closed. */
export function jsonSchemaOptions(io: "input" | "output") {
  return {
    io,
    target: "draft-2020-12",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (io === "output" && zodSchema instanceof z.ZodObject && zodSchema.def.catchall === undefined) {
        delete jsonSchema.additionalProperties;
      }
    },
  } as const satisfies z.core.ToJSONSchemaParams;
}

/** `keys` of `keys.create`. */
export function nounOf(operation: Pick<Operation, "name">): string {
  return operation.name.slice(0, operation.name.lastIndexOf("."));
}

/** `create` of `keys.create`. */
export function verbOf(operation: Pick<Operation, "name">): string {
  return operation.name.slice(operation.name.lastIndexOf(".") + 1);
}

/** `key` of `keys`, `policy` of `policies`. */
export function toSingular(noun: string): string {
  if (/[^aeiou]ies$/.test(noun)) return `${noun.slice(0, -3)}y`;
  if (/(?:ch|sh|x|ss|ias)es$/.test(noun)) return noun.slice(0, -2);
  return /[^su]s$/.test(noun) ? noun.slice(0, -1) : noun;
}

/** `createdAt` and `created_at` as `created-at`. */
export function toKebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll(/[_.\s]/g, "-")
    .toLowerCase();
}

/** How the command line says an operation: `service-accounts create`. */
export function toCommandName({ name }: Pick<Operation, "name">): string {
  return name.split(".").map(toKebab).join(" ");
}

function readShape(schema: z.ZodType): Readonly<Record<string, unknown>> | undefined {
  return schema instanceof z.ZodObject ? (schema.shape as Readonly<Record<string, unknown>>) : undefined;
}
