// Owns the forms in which audit entries leave: one JSON line or one CSV line each.

import type { AuditRow } from "./chain.ts";

export type ExportFormat = "jsonl" | "csv";

const columns = [
  "seq",
  "id",
  "at",
  "actorType",
  "actorId",
  "actorName",
  "keyId",
  "action",
  "targetKind",
  "targetId",
  "targetName",
  "outcome",
  "reason",
  "face",
  "ip",
  "userAgent",
  "requestId",
  "before",
  "after",
  "hash",
] as const satisfies readonly (keyof AuditRow)[];

/** An entry with `before` and `after` as JSON values. Their canonical texts are what was hashed. */
export function toExported(row: AuditRow): Omit<AuditRow, "before" | "after"> & { before: unknown; after: unknown } {
  return { ...row, before: parse(row.before), after: parse(row.after) };
}

/** A line with its line break. */
export function toJsonLine(row: AuditRow): string {
  return `${JSON.stringify(toExported(row))}\n`;
}

/** The first line of a CSV file. */
export const csvHeader = `${columns.join(",")}\r\n`;

/** RFC 4180. Texts that a spreadsheet would run as a formula begin with an apostrophe. */
export function toCsvLine(row: AuditRow): string {
  return `${columns.map((column) => toCell(row[column])).join(",")}\r\n`;
}

function toCell(value: string | number | null): string {
  if (value === null) return "";
  const text = typeof value === "string" && isFormula(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Spreadsheets pass over blanks before the sign. */
function isFormula(text: string): boolean {
  return /^[\t\r\n]/.test(text) || /^[=+\-@]/.test(text.trimStart());
}

function parse(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}
