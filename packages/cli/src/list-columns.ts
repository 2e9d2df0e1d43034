// Chooses the columns of a list from its declaration: what tells the things apart, and nothing that the question said.

import type { Operation } from "@auxot/wire/operations/define-operation";
import {
  findItem,
  listPathFields,
  nounOf,
  toJsonSchema,
  toSingular,
  type JsonSchema,
} from "@auxot/wire/operations/describe";
import { splitNull } from "@auxot/wire/operations/schema-words";
import { formatField, toHeading } from "./cells.ts";
import { presenters } from "./presenters.ts";
import type { Column } from "./column.ts";

const maxColumns = 8;

/** Id and name come first, a description last. A `version` is for those who change a single thing, who see it there. */
export function listColumns(operation: Operation): readonly Column[] {
  const item = findItem(operation);
  const { properties = {} } = item === undefined ? {} : toJsonSchema(item, "output");
  const asked = listAsked(operation);
  const hasNames = presenters[operation.name]?.hasIds === true;
  const fitting = Object.entries(properties).flatMap(([name, schema]) => (fitsCell(schema) ? name : []));
  const names = fitting.filter(
    (name) => name !== "version" && !asked.includes(name) && !isSaidByName(name, fitting) && !isLater(name, fitting),
  );
  const first = ["id", "name"].filter((name) => names.includes(name));
  const last = ["description"].filter((name) => names.includes(name));
  const between = names.filter((name) => !first.includes(name) && !last.includes(name));
  return [...first, ...between.slice(0, maxColumns - first.length - last.length), ...last].map((name) => ({
    heading: toHeading(fitting.includes(toId(name)) ? name.replace(/Name$/, "") : hasNames ? toThing(name) : name),
    read: (row: Readonly<Record<string, unknown>>) => formatField(row, name),
  }));
}

/** Fields whose value is in the path, and so in the question. */
function listAsked(operation: Operation): readonly string[] {
  const singular = toSingular(nounOf(operation));
  return listPathFields(operation).flatMap((field) =>
    field === "id" ? [`${singular}Id`, "resourceId"] : [field, `${field}Id`],
  );
}

/** `askedById` beside `askedByName`. */
function isSaidByName(name: string, all: readonly string[]): boolean {
  return name.endsWith("Id") && all.includes(name.replace(/Id$/, "Name"));
}

function isLater(name: string, all: readonly string[]): boolean {
  return name === "updatedAt" && all.includes("createdAt");
}

function toId(name: string): string {
  return name.endsWith("Name") ? name.replace(/Name$/, "Id") : "";
}

/** `teamId`, shown by name, as `team`. */
function toThing(name: string): string {
  return name.replace(/(?<=.)Id$/, "");
}

function fitsCell(schema: JsonSchema): boolean {
  const { inner } = splitNull(schema);
  const { type, items } = inner;
  if (type === "array") return items?.type === "string" || items?.type === "number" || items?.enum !== undefined;
  return inner.enum !== undefined || ["string", "number", "integer", "boolean"].includes(String(type));
}
