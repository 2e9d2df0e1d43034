// Shows what a write would change or has changed, thing by thing, with each field before and after.

import type { Change } from "@auxot/wire/operations/define-operation";
import { flatten, formatCell } from "./cells.ts";

/** Of what is made: not chosen by anybody, or told already; in a dry run they will be others. */
const givenFields = new Set(["id", "name", "masked", "version", "createdAt", "updatedAt"]);

/** `+` is made, `~` is changed, `-` is removed. Ends with a newline; empty when there is nothing. */
export function renderChanges(changes: readonly Change[], isColoured: boolean): string {
  return changes.map((change) => renderChange(change, isColoured)).join("");
}

function renderChange({ kind, id, name, before, after }: Change, isColoured: boolean): string {
  const mark = before === null ? "+" : after === null ? "-" : "~";
  const title = `${mark} ${kind} ${name === "" ? id : `"${formatCell("name", name)}"${before === null ? "" : ` (${id})`}`}`;
  const rows = after === null ? [] : listRows(before, after);
  const width = Math.max(0, ...rows.map(([field]) => field.length));
  const lines = rows.map(([field, text]) => `    ${field.padEnd(width)}  ${text}`);
  const notes = before !== null && after !== null && rows.length === 0 ? ["    is so already"] : lines;
  return [colour(title, mark, isColoured), ...notes].map((line) => `${line}\n`).join("");
}

function listRows(before: Change["before"], after: NonNullable<Change["after"]>): (readonly [string, string])[] {
  if (before === null) {
    return flatten(after)
      .filter(([field, value]) => value !== null && !givenFields.has(field))
      .map(([field, value]) => [field, formatCell(field, value)]);
  }
  const old = new Map(flatten(before));
  const fresh = new Map(flatten(after));
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((field) => JSON.stringify(old.get(field)) !== JSON.stringify(fresh.get(field)))
    .map((field) => [field, `${formatCell(field, old.get(field))} → ${formatCell(field, fresh.get(field))}`]);
}

function colour(text: string, mark: string, isColoured: boolean): string {
  if (!isColoured) return text;
  const code = mark === "+" ? 32 : mark === "-" ? 31 : 33;
  return `\u001B[${code}m${text}\u001B[39m`;
}
