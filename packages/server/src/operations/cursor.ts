// Owns the form of cursors: the last row of a page, as text that callers hand back. It gives no right, so it is not signed;
// what somebody writes into one must fit its column. Pure.

import { AppError } from "@auxot/wire/errors";

export type CursorKey = { readonly value: Date | string | number; readonly id: string };

/** What the sorted column holds, in the words of its declaration: date, string or number. */
type ColumnType = { readonly dataType: string };

/** Years 1 to 9999: what the database and ISO 8601 both write with four digits. */
const firstMoment = Date.parse("0001-01-01T00:00:00Z");
const lastMoment = Date.parse("9999-12-31T23:59:59.999Z");

export function writeCursor(sort: string, { value, id }: CursorKey): string {
  const parts = value instanceof Date ? [sort, "date", value.getTime(), id] : [sort, "plain", value, id];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** Throws `invalid_request` for one of another list or sort, or that is none. */
export function readCursor(cursor: string, sort: string, column: ColumnType): CursorKey {
  const parts = parse(cursor);
  if (Array.isArray(parts)) {
    const [ofSort, type, sent, id]: unknown[] = parts;
    const value = readValue(column, type, sent);
    if (ofSort === sort && value !== undefined && isStorable(id)) return { value, id };
  }
  throw new AppError(
    "invalid_request",
    "cursor: is none of this list; take the nextCursor of a page with the same sort.",
    { param: "cursor" },
  );
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function readValue({ dataType }: ColumnType, type: unknown, sent: unknown): CursorKey["value"] | undefined {
  switch (dataType) {
    case "date":
      if (type !== "date" || typeof sent !== "number" || !(sent >= firstMoment && sent <= lastMoment)) return undefined;
      return new Date(sent);
    case "number":
      return type === "plain" && Number.isSafeInteger(sent) ? (sent as number) : undefined;
    default:
      return type === "plain" && isStorable(sent) ? sent : undefined;
  }
}

/** Postgres takes neither NUL nor half of a pair. */
function isStorable(text: unknown): text is string {
  return typeof text === "string" && !text.includes("\0") && text.isWellFormed();
}
