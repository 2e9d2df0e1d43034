// How the command line says an operation: which words follow its name, which options it has. The command line itself and
// the document read it, so that they agree. Pure.

import type { Operation } from "./define-operation.ts";
import { listFields, listPathFields, nounOf, toCommandName, toKebab, toSingular, type JsonSchema } from "./describe.ts";
import { splitNull } from "./schema-words.ts";

export type CommandOption = {
  /** Without the dashes; parts of a nested field have dots in between: `limits.tokens-per-minute`. */
  readonly name: string;
  /** Where the value goes in the input. */
  readonly path: readonly string[];
  /** `json`: the value is JSON text. `list`: given once for each entry. */
  readonly takes: "text" | "number" | "switch" | "list" | "json";
  /** What stands for the value in help; empty for a switch. */
  readonly placeholder: string;
  readonly isRequired: boolean;
  /** `--no-NAME` sets it to null. */
  readonly isNullable: boolean;
  /** Without its `or null`. */
  readonly schema: JsonSchema;
};

/** Every command has these; a field of that name gets the noun before it, as in `--provider-url`. */
export const reservedOptions: readonly string[] = [
  "url",
  "key",
  "json",
  "help",
  "dry-run",
  "yes",
  "all",
  "idempotency-key",
];

/** Nested fields are options of their own down to this depth; what is deeper is written as JSON. */
const maxDepth = 3;

/** In the order of the declaration; what is in the path are words of their own (`listPathFields`). */
export function listOptions(operation: Operation): readonly CommandOption[] {
  const singular = toKebab(toSingular(nounOf(operation)).split(".").at(-1) ?? "");
  return listFields(operation)
    .filter(({ place }) => place !== "path")
    .flatMap(({ name, schema, isRequired }) => {
      const word = toKebab(name);
      const free = reservedOptions.includes(word) || word.startsWith("no-") ? `${singular}-${word}` : word;
      return toOptions(free, [name], schema, isRequired);
    });
}

/** The shortest command that can work, with words in capitals to be filled in. */
export function renderCommandLine(operation: Operation): string {
  const required = listOptions(operation).filter(({ isRequired }) => isRequired);
  return [
    "auxot",
    toCommandName(operation),
    ...listPathFields(operation).map(toPlaceholder),
    ...required.map(renderOption),
  ].join(" ");
}

/** E.g. `--name NAME`, `--kind caller|worker`, `--admin`. */
export function renderOption({ name, placeholder }: Pick<CommandOption, "name" | "placeholder">): string {
  return placeholder === "" ? `--${name}` : `--${name} ${placeholder}`;
}

/** `createdAt` as `CREATED_AT`. */
export function toPlaceholder(field: string): string {
  return toKebab(field).replaceAll("-", "_").toUpperCase();
}

function toOptions(
  name: string,
  path: readonly string[],
  schema: JsonSchema,
  isRequired: boolean,
): readonly CommandOption[] {
  const { inner, isNullable } = splitNull(schema);
  const common = { name, path, isRequired, isNullable, schema: inner };
  const field = path.at(-1) ?? name;
  const nested = Object.entries(inner.properties ?? {});
  if (nested.length > 0 && path.length < maxDepth) {
    const parts = nested.flatMap(([part, of]) =>
      // A part is only needed when its whole is there.
      toOptions(`${name}.${toKebab(part)}`, [...path, part], of, isRequired && (inner.required ?? []).includes(part)),
    );
    return [{ ...common, isRequired: false, takes: "json", placeholder: "JSON" }, ...parts];
  }
  const takes = readKind(inner);
  return [{ ...common, takes, placeholder: choosePlaceholder(takes, field, inner) }];
}

function readKind(schema: JsonSchema): CommandOption["takes"] {
  if (isWords(schema)) return "list";
  switch (schema.type) {
    case "boolean":
      return "switch";
    case "integer":
    case "number":
      return "number";
    case "string":
      return "text";
    default:
      return schema.enum !== undefined || schema.const !== undefined ? "text" : "json";
  }
}

/** A list of words or numbers; also where one text may stand for such a list. */
function isWords({ type, items, anyOf = [] }: JsonSchema): boolean {
  if (type === "array") return items !== undefined && isWord(items);
  return anyOf.some(isWords) && anyOf.every((one) => isWords(one) || isWord(one));
}

function isWord({ type, anyOf }: JsonSchema): boolean {
  return anyOf?.every(isWord) ?? ["string", "integer", "number"].includes(String(type));
}

function choosePlaceholder(takes: CommandOption["takes"], field: string, schema: JsonSchema): string {
  if (takes === "switch") return "";
  if (takes === "json") return "JSON";
  const values = schema.enum ?? schema.items?.enum;
  if (values !== undefined && values.length <= 5) return values.join("|");
  if (takes === "number") return "N";
  const { format } = takes === "list" ? (schema.items ?? {}) : schema;
  if (format === "date-time") return "TIME";
  return toPlaceholder(takes === "list" ? toSingular(field) : field);
}
