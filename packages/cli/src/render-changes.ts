// Shows what a write would change or has changed, thing by thing, with each field before and after.

import type { Change } from "@auxot/wire/operations/define-operation";
import { flatten, formatCell } from "./cells.ts";

/** Of what is made: not chosen by anybody, or told already; in a dry run they will be others. */
const givenFields = new Set(["id", "name", "masked", "version", "createdAt", "createdBy", "updatedAt", "updatedBy"]);

/** What others tell of by its id. */
const namedKinds = new Set(["team", "service-account", "role", "key"]);

/** Follow from any other change. */
const followingFields = new Set(["version", "updatedAt", "updatedBy"]);

/** `+` is made, `~` is changed, `-` is removed. Ends with a newline; empty when there is nothing. */
export function renderChanges(changes: readonly Change[], isColoured: boolean): string {
  // What is made has an id that says nothing to anybody yet, and in a dry run never will.
  const named = changes.filter(({ kind, before }) => before === null && namedKinds.has(kind));
  const made = new Map(named.map(({ id, name }) => [id, name]));
  return changes
    .map((change) => ({ ...change, before: nameMade(change.before, made), after: nameMade(change.after, made) }))
    .map((change) => renderChange(change, isColoured))
    .join("");
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
      .filter(([field, value]) => !isNothing(value) && !givenFields.has(field))
      .map(([field, value]) => [field, formatCell(field, value)]);
  }
  const old = new Map(flatten(before));
  const fresh = new Map(flatten(after));
  const differing = [...new Set([...old.keys(), ...fresh.keys()])].filter(
    (field) => JSON.stringify(old.get(field)) !== JSON.stringify(fresh.get(field)),
  );
  const chosen = differing.filter((field) => !followingFields.has(field));
  return (chosen.length > 0 ? chosen : differing).map((field) => [
    field,
    `${formatCell(field, old.get(field))} → ${formatCell(field, fresh.get(field))}`,
  ]);
}

/** Ids of what is made along with it become its names. */
function nameMade(state: Change["before"], made: ReadonlyMap<string, string>): Change["before"] {
  const tell = (value: unknown): unknown => {
    if (typeof value === "string") return made.get(value) ?? value;
    if (Array.isArray(value)) return value.map(tell);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, tell(inner)]));
  };
  return state && Object.fromEntries(Object.entries(state).map(([field, value]) => [field, tell(value)]));
}

function isNothing(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function colour(text: string, mark: string, isColoured: boolean): string {
  if (!isColoured) return text;
  const code = mark === "+" ? 32 : mark === "-" ? 31 : 33;
  return `\u001B[${code}m${text}\u001B[39m`;
}
