// Reads a body that must be a JSON object. Knows no field of it.

import type { IncomingMessage } from "node:http";
import { AppError } from "@auxot/wire/errors";
import { readBody } from "./read-body.ts";

/** Nothing reads as an empty object. Throws `invalid_request`, or `too_large` above 1 MiB. */
export async function readObject(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const body = await readBody(request, 1024 * 1024);
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new AppError("invalid_request", "The request body is not valid JSON.", { cause });
  }
  throw new AppError("invalid_request", "The request body must be a JSON object.");
}
