// GET /api/usage/export: every usage record that fits, as a file, written no faster than it is read.

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@auxot/wire/errors";
import { exportUsage } from "@auxot/wire/operations/usage";
import { readInput } from "../operations/read-input.ts";
import { requireAnywhere } from "../platform/access/may.ts";
import type { Caller } from "../platform/caller.ts";
import type { ExportUsage } from "../records/usage/export.ts";
import { findVisibleUsage } from "../records/usage/visible-usage.ts";
import type { Context } from "./context.ts";

export type UsageExportDeps = { readonly exportUsage: ExportUsage };

const contentTypes = { csv: "text/csv; charset=utf-8", json: "application/json; charset=utf-8" } as const;

/** Throws AppError before the first byte; a file that breaks off later is one whose connection breaks off. */
export async function handleUsageExport(deps: UsageExportDeps, context: Context, caller: Caller): Promise<void> {
  const { response, signal, url } = context;
  if (context.request.method !== "GET") {
    throw new AppError("method_not_allowed", `${context.request.method} does nothing here. Try GET.`);
  }
  requireAnywhere(caller, exportUsage.action);
  const { format, ...asked } = readInput(exportUsage, Object.fromEntries(url.searchParams));
  const pieces = deps.exportUsage(asked, format, findVisibleUsage(caller));
  const first = await pieces.next();
  response.writeHead(200, {
    "content-type": contentTypes[format],
    "content-disposition": `attachment; filename="usage.${format}"`,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  try {
    await pipeline(Readable.from(join(first.value ?? "", pieces)), response);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function* join(first: string, rest: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  yield first;
  yield* rest;
}
