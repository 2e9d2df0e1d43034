// Shows the answer of an operation to people: lists as tables, single things field by field, made from the declaration.

import type { Operation } from "@auxot/wire/operations/define-operation";
import { isList, nounOf, toSingular, verbOf } from "@auxot/wire/operations/describe";
import { flatten, formatCell, formatField, toHeading } from "./cells.ts";
import type { Invocation } from "./command.ts";
import { listColumns } from "./list-columns.ts";
import { presenters, type Presenter } from "./presenters.ts";
import { cutLines, renderTable } from "./table.ts";

type Answer = Readonly<Record<string, unknown>>;

/** What an answer holds once and never again. */
const oneTimeFields = ["key", "token", "secret", "password", "link"];
/** Of a list inside an answer, which has nowhere else to be shown. */
const maxInnerColumns = 16;

export function showAnswer(operation: Operation, answer: unknown, { terminal, url }: Invocation): void {
  const presenter = presenters[operation.name] ?? {};
  if (isList(operation)) {
    const { items, nextCursor } = answer as { readonly items: readonly Answer[]; readonly nextCursor: string | null };
    if (items.length === 0) {
      terminal.err(
        presenter.hint?.(url) ??
          (verbOf(operation) === "list" ? `There are no ${toWords(nounOf(operation))}.\n` : "There are none.\n"),
      );
      return;
    }
    const table = renderList(operation, presenter, items, terminal);
    terminal.out(terminal.columns === undefined ? table : cutLines(table, terminal.columns));
    if (nextCursor !== null) terminal.err("There are more: --all shows them.\n");
    return;
  }
  if (typeof answer !== "object" || answer === null) return;
  if (presenter.render !== undefined) {
    terminal.out(presenter.render(answer as never));
    return;
  }
  const fields = answer as Answer;
  const oneTime = findOneTime(operation, fields);
  if (oneTime !== undefined) {
    // Alone on stdout, so that KEY=$(auxot keys create …) works.
    terminal.out(`${String(fields[oneTime])}\n`);
    terminal.err(`This is the ${oneTime} ${nameThing(operation, fields)}. Keep it: it is not shown again.\n`);
  } else if (operation.method === "DELETE") {
    terminal.out(`${toPast(verbOf(operation))} ${nameThing(operation, fields, presenter.nameField)}.\n`);
  } else terminal.out(renderFields(fields));
}

/** Columns that say nothing of any of them are left out. */
function renderList(
  operation: Operation,
  { columns }: Presenter,
  items: readonly Answer[],
  terminal: Invocation["terminal"],
): string {
  const shown = columns ?? listColumns(operation);
  const cells = shown.map(({ read }) => items.map((item) => read(item as never, terminal)));
  const kept = shown.flatMap(({ heading }, index) => {
    const column = cells[index] ?? [];
    return column.some((cell) => cell !== "-") ? [{ heading, column }] : [];
  });
  return renderTable(
    kept.map(({ heading }) => heading),
    items.map((_, row) => kept.map(({ column }) => column[row] ?? "-")),
  );
}

/** One field a line; nested ones with dots; lists of things as tables below. */
export function renderFields(fields: Answer): string {
  const all = flatten(fields).filter(([, value]) => value !== null);
  const tables = all.filter(([, value]) => isTable(value));
  const rows = all.filter(([, value]) => !isTable(value));
  const width = Math.max(0, ...rows.map(([field]) => field.length));
  const lines = rows
    .map(([field, value]) => `${field.padEnd(width)}  ${formatField({ ...fields, [field]: value }, field)}\n`)
    .join("");
  return lines + tables.map(([field, value]) => renderThings(field, value as readonly Answer[])).join("");
}

function isTable(value: unknown): boolean {
  return Array.isArray(value) && value.some((one) => typeof one === "object" && one !== null);
}

function renderThings(field: string, things: readonly Answer[]): string {
  const rows = things.map((thing) => new Map(flatten(thing).filter(([, value]) => !isTable(value))));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))]
    .filter((name) => rows.some((row) => (row.get(name) ?? null) !== null))
    .slice(0, maxInnerColumns);
  const cells = rows.map((row) => names.map((name) => formatCell(name, row.get(name))));
  return `\n${toHeading(field)}\n${renderTable(names.map(toHeading), cells)}`;
}

/** A text that a create or a rotation answers with, and that lists do not show. */
function findOneTime(operation: Operation, fields: Answer): string | undefined {
  if (operation.method !== "POST") return undefined;
  const isMade = ["create", "rotate", "invite", "renew"].some((verb) => verbOf(operation).startsWith(verb));
  return isMade ? oneTimeFields.find((field) => typeof fields[field] === "string") : undefined;
}

/** `"laptop" (key_1)`, or what of it there is. */
function nameThing(operation: Operation, { id, name, ...rest }: Answer, nameField?: string): string {
  const mark = nameField === undefined ? id : rest[nameField];
  const said = typeof name === "string" ? `"${formatCell("name", name)}"` : "";
  const parts = [said, typeof mark !== "string" ? "" : said === "" ? mark : `(${mark})`].filter((part) => part !== "");
  return parts.join(" ") || `the ${toWords(toSingular(nounOf(operation)))}`;
}

function toWords(noun: string): string {
  return noun.replaceAll(/([a-z])([A-Z])|[.-]/g, "$1 $2").toLowerCase();
}

/** `revoke` as `Revoked`. */
function toPast(verb: string): string {
  const capital = verb.slice(0, 1).toUpperCase() + verb.slice(1);
  if (verb.endsWith("e")) return `${capital}d`;
  if (/[^aeiou]y$/.test(verb)) return `${capital.slice(0, -1)}ied`;
  return ["set", "reset", "unset"].includes(verb) ? capital : `${capital}ed`;
}
