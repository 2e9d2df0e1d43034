// Reads a body that must be a form, as pages of other sites post it. Knows no field of it.

import type { IncomingMessage } from "node:http";
import { AppError } from "@auxot/wire/errors";
import { readBody } from "./read-body.ts";

/** Of a field that comes twice the last one counts. Throws `invalid_request`, or `too_large` above 512 KiB. */
export async function readForm(request: IncomingMessage): Promise<Readonly<Record<string, string>>> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    throw new AppError("invalid_request", "A form is expected here (application/x-www-form-urlencoded).");
  }
  const body = await readBody(request, 512 * 1024);
  return Object.fromEntries(new URLSearchParams(body.toString("utf8")));
}
