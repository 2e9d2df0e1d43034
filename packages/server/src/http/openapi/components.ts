// Owns the named schemas of the OpenAPI document: what each operation takes as a body and answers. Pure.

import type { Operation } from "@auxot/wire/operations/define-operation";
import { changeSchema, isWrite, previewSchema } from "@auxot/wire/operations/define-operation";
import {
  findItem,
  hasBody,
  jsonSchemaOptions,
  listFields,
  nounOf,
  toJsonSchema,
  toSingular,
  verbOf,
  type JsonSchema,
} from "@auxot/wire/operations/describe";
import { z } from "zod";

export type Components = {
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  /** The body of an operation; undefined where it takes none, or nothing but what is in its path. */
  refBody(operation: Operation): JsonSchema | undefined;
  refAnswer(operation: Operation): JsonSchema;
};

type Names = { readonly id: string };

const problemSchema: JsonSchema = {
  type: "object",
  description: "What went wrong (RFC 9457).",
  properties: {
    type: { type: "string", description: "about:blank: `code` tells the kind." },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", description: "The kind of error, for programs." },
    detail: { type: "string", description: "What was wrong and what would be right, for people." },
    instance: { type: "string", description: "The id of the request, as in the header x-request-id and in the log." },
    errors: {
      type: "array",
      description: "One entry for each field at fault.",
      items: {
        type: "object",
        properties: {
          path: { type: "string", description: "The field, with dots in between: `items.0.name`." },
          message: { type: "string" },
        },
        required: ["path", "message"],
      },
    },
  },
  required: ["type", "title", "status", "code", "detail", "instance"],
};

/**
 * A schema declared with `.meta({ id })` keeps that name. What a list lists is named after its noun (`Key`), also where
 * another operation answers with it; the rest after the operation (`KeysCreateInput`, `KeysCreateAnswer`).
 */
export function buildComponents(operations: readonly Operation[]): Components {
  const registry = z.registry<Names>();
  const add = (schema: z.ZodType, id: string): void => {
    if (!registry.has(schema)) registry.add(schema, { id: readOwnName(schema) ?? id });
  };
  add(previewSchema, "Preview");
  add(changeSchema, "Change");
  for (const operation of operations) {
    const item = findItem(operation);
    if (item === undefined || verbOf(operation) !== "list") continue;
    add(item, toPascal(toSingular(nounOf(operation))));
    add(operation.output, `${toPascal(toSingular(nounOf(operation)))}Page`);
  }
  for (const operation of operations) add(operation.output, `${toPascal(operation.name)}Answer`);
  const outputs = z.toJSONSchema(registry, { ...jsonSchemaOptions("output"), uri: toRef });

  const schemas: Record<string, JsonSchema> = { Problem: problemSchema };
  for (const [id, schema] of Object.entries(outputs.schemas)) schemas[id] = withoutMarks(schema as JsonSchema);
  for (const operation of operations) {
    const body = buildBody(operation);
    if (body !== undefined) schemas[`${toPascal(operation.name)}Input`] = body;
  }
  return {
    schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    refBody: (operation) =>
      buildBody(operation) === undefined ? undefined : { $ref: toRef(`${toPascal(operation.name)}Input`) },
    refAnswer(operation) {
      const answer = { $ref: toRef(registry.get(operation.output)?.id ?? "") };
      return isWrite(operation) ? { anyOf: [answer, { $ref: toRef("Preview") }] } : answer;
    },
  };
}

/** `keys.create` as `KeysCreate`. */
export function toPascal(name: string): string {
  return name.replaceAll(/(?:^|[.-])(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The input without the fields of the path. */
function buildBody(operation: Operation): JsonSchema | undefined {
  if (!hasBody(operation)) return undefined;
  const fields = listFields(operation).filter(({ place }) => place === "body");
  if (fields.length === 0) return undefined;
  const required = fields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  const { properties: _, required: __, ...rest } = toJsonSchema(operation.input, "input");
  return {
    ...rest,
    properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
  };
}

function toRef(id: string): string {
  return `#/components/schemas/${id}`;
}

function readOwnName(schema: z.ZodType): string | undefined {
  return z.globalRegistry.get(schema)?.id;
}

function withoutMarks(schema: JsonSchema): JsonSchema {
  const { $schema: _, $id: __, id: ___, ...rest } = schema as Readonly<Record<string, unknown>>;
  return rest;
}
