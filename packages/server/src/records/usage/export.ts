// Writes usage records as text, a page at a time, so that an export of any length needs the memory of one page.

import type { UsageRecordQuestion, UsageRecordView } from "@auxot/wire/operations/usage";
import type { Executor } from "../../store/database.ts";
import type { ListUsageRecords } from "./records-store.ts";
import type { VisibleUsage } from "./visible-usage.ts";

export type ExportFormat = "csv" | "json";

/** Gives whole pieces of text, in the order asked for. Throws when the database fails. */
export type ExportUsage = (
  asked: Omit<UsageRecordQuestion, "limit" | "cursor">,
  format: ExportFormat,
  visible: VisibleUsage,
) => AsyncGenerator<string, void, void>;

const pageRows = 1000;

const columns = [
  "id",
  "at",
  "keyId",
  "keyName",
  "ownerId",
  "teamId",
  "dialect",
  "stream",
  "requestedModel",
  "model",
  "tier",
  "provider",
  "worker",
  "tries",
  "inputTokens",
  "outputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "usageEstimated",
  "costMicroUsd",
  "savedMicroUsd",
  "queueMs",
  "firstTokenMs",
  "totalMs",
  "outcome",
  "errorCode",
  "status",
  "tags",
  "client",
] as const satisfies readonly (keyof UsageRecordView)[];

export function createExportUsage(deps: { readonly db: Executor; readonly list: ListUsageRecords }): ExportUsage {
  return async function* write(asked, format, visible) {
    let cursor: string | undefined;
    let isFirst = true;
    do {
      const page = await deps.list(deps.db, { ...asked, limit: pageRows, cursor }, visible);
      yield format === "csv" ? writeCsv(page.items, isFirst) : writeJson(page.items, isFirst);
      isFirst = false;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    if (format === "json") yield "\n]\n";
  };
}

function writeJson(records: readonly UsageRecordView[], isFirst: boolean): string {
  const lines = records.map((record) => JSON.stringify(record)).join(",\n");
  if (isFirst) return `[\n${lines}`;
  return lines === "" ? "" : `,\n${lines}`;
}

function writeCsv(records: readonly UsageRecordView[], isFirst: boolean): string {
  const lines = records.map((record) => columns.map((column) => writeCell(record[column])).join(","));
  return [...(isFirst ? [columns.join(",")] : []), ...lines].map((line) => `${line}\r\n`).join("");
}

/** RFC 4180. Texts that a spreadsheet would take for a formula get an apostrophe: callers choose some of them. */
export function writeCell(value: string | number | boolean | readonly string[] | null): string {
  if (value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : value.join(" ");
  // The wide ones are what a Japanese or Chinese spreadsheet takes for the same.
  const safe = /^[=+\-@\t\r\n＝＋－＠]/u.test(text.trimStart()) || /^[\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
