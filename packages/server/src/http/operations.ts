// The REST face of the operations: runs what a path and method name, and writes the answer. Errors are problem details
// (RFC 9457).

import { STATUS_CODES } from "node:http";
import { AppError, errorCodes, type ErrorBody } from "@auxot/wire/errors";
import type { Caller } from "../platform/caller.ts";
import type { Face } from "../operations/audit-entry.ts";
import type { InputProblem } from "../operations/read-input.ts";
import type { RunOperation } from "../operations/run.ts";
import type { Context } from "./context.ts";
import { listMethods, type FoundOperation } from "./operation-table.ts";
import { readOperationRequest } from "./read-operation.ts";
import { sendJson } from "./send-json.ts";

export async function handleOperation(
  found: FoundOperation,
  { run, context, caller }: { readonly run: RunOperation; readonly context: Context; readonly caller: Caller },
): Promise<void> {
  const { request, response, id, address } = context;
  const { sent, dryRun, idempotencyKey } = await readOperationRequest(found, context);
  const output = await run(found.handler, caller, sent, {
    origin: {
      face: readFace(request.headers["x-auxot-face"]),
      requestId: id,
      ip: address,
      userAgent: request.headers["user-agent"]?.slice(0, 500) ?? null,
    },
    dryRun,
    idempotencyKey,
  });
  // It may hold a key that is shown once.
  response.setHeader("cache-control", "no-store");
  sendJson(response, 200, output);
}

/** Answers OPTIONS, and refuses every other method but those of `methods` (HEAD counts as GET). */
export function checkMethod({ request, response }: Context, methods: readonly string[]): "answered" | "good" {
  const allowed = listMethods(methods);
  const { method = "GET" } = request;
  if (method === "OPTIONS") {
    response.writeHead(204, { allow: allowed.join(", ") }).end();
    return "answered";
  }
  if (allowed.includes(method)) return "good";
  response.setHeader("allow", allowed.join(", "));
  const useful = allowed.filter((one) => one !== "OPTIONS" && one !== "HEAD");
  throw new AppError("method_not_allowed", `${method} does nothing here. Try ${useful.join(" or ")}.`);
}

/** Programs of ours say what they are; it is for the audit trail only. */
function readFace(header: unknown): Face {
  return header === "cli" || header === "ui" ? header : "api";
}

/** The problem document of an error on the administrative API. `requestId` absent: there was no request yet. */
export function encodeProblem(
  error: ErrorBody,
  problems: readonly InputProblem[] = [],
  requestId?: string,
): { status: number; body: unknown } {
  const { status } = errorCodes[error.code];
  const errors =
    problems.length === 0 && error.param !== undefined ? [toProblem(error.param, error.message)] : problems;
  return {
    status,
    body: {
      type: "about:blank",
      title: STATUS_CODES[status] ?? error.code.replaceAll("_", " "),
      status,
      code: error.code,
      detail: error.message,
      ...(requestId === undefined ? {} : { instance: requestId }),
      ...(errors.length > 0 ? { errors } : {}),
    },
  };
}

function toProblem(path: string, message: string): InputProblem {
  return { path, message: message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message };
}
