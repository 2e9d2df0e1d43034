// Makes an example of a request from the OpenAPI document alone, as a stranger's program would. Pure.

import { splitNull } from "@auxot/wire/operations/schema-words";
import type { JsonSchema } from "@auxot/wire/operations/describe";
import type { DocumentedOperation, OpenapiDocument, Parameter } from "./document.ts";

/** Parameters with their references followed. */
export function resolveParameters({ parameters = [] }: DocumentedOperation, document: OpenapiDocument): Parameter[] {
  return parameters.map((parameter) => {
    if ("name" in parameter) return parameter;
    const found = document.components.parameters[nameOf(parameter.$ref)];
    if (found === undefined) throw new Error(`${parameter.$ref} leads nowhere.`);
    return found;
  });
}

/** The schema of the body; undefined where none is taken. */
export function findBody({ requestBody }: DocumentedOperation, document: OpenapiDocument): JsonSchema | undefined {
  if (requestBody === undefined) return undefined;
  const { content } = requestBody as { content: { "application/json": { schema: JsonSchema } } };
  return document.components.schemas[nameOf(content["application/json"].schema.$ref ?? "")];
}

/** One line for a shell; words in capitals are to be filled in. */
export function buildCurl(
  method: string,
  path: string,
  operation: DocumentedOperation,
  document: OpenapiDocument,
): string {
  const query = resolveParameters(operation, document)
    .filter(({ in: place, required }) => place === "query" && required === true)
    .map(({ name, schema }) => `${name}=${String(makeExample(name, schema))}`);
  const address = `$AUXOT_URL${path.replaceAll(/\{(\w+)\}/g, (_, field: string) => toWord(field))}`;
  const body = findBody(operation, document);
  return [
    "curl",
    ...(method === "GET" ? [] : [`-X ${method}`]),
    `"${[address, ...(query.length === 0 ? [] : [query.join("&")])].join("?")}"`,
    '-H "Authorization: Bearer $AUXOT_KEY"',
    ...(body === undefined
      ? []
      : [
          '-H "content-type: application/json"',
          `-d '${JSON.stringify(makeExample("body", body)).replaceAll("'", "'\\''")}'`,
        ]),
  ].join(" ");
}

function makeExample(name: string, schema: JsonSchema): unknown {
  const { inner } = splitNull(schema);
  if (inner.const !== undefined) return inner.const;
  if (inner.enum !== undefined) return inner.enum[0];
  if (inner.anyOf?.[0] !== undefined) return makeExample(name, inner.anyOf[0]);
  switch (inner.type) {
    case "integer":
    case "number":
      return inner.minimum ?? 1;
    case "boolean":
      return true;
    case "array":
      return (inner.minItems ?? 0) > 0 && inner.items !== undefined ? [makeExample(name, inner.items)] : [];
    case "object":
      return Object.fromEntries(
        (inner.required ?? []).map((field) => [field, makeExample(field, inner.properties?.[field] ?? {})]),
      );
    default:
      return inner.format === "date-time" ? "2027-01-31T12:00:00Z" : toWord(name);
  }
}

function toWord(field: string): string {
  return field.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

function nameOf(ref: string): string {
  return ref.split("/").at(-1) ?? "";
}
