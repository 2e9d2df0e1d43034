// The REST face of the operations: matches path and method, checks the permission, reads the input, writes the answer.
// Errors are problem details (RFC 9457).

import { AppError, errorCodes, type ErrorBody } from "@auxot/wire/errors";
import type { Operation } from "@auxot/wire/operations/define-operation";
import type { Caller } from "../platform/caller.ts";
import type { Face } from "../operations/audit-entry.ts";
import type { AnyOperationHandler } from "../operations/handler.ts";
import { InputError, type InputProblem } from "../operations/read-input.ts";
import type { RunOperation } from "../operations/run.ts";
import type { Context } from "./context.ts";
import { readBody } from "./read-body.ts";
import { decodePathPart } from "./route-path.ts";
import { sendJson } from "./send-json.ts";

export type FoundOperation = {
  readonly handler: AnyOperationHandler;
  readonly pathFields: Readonly<Record<string, string>>;
};

/** Undefined: no operation has this path. Throws `method_not_allowed` when one has it with another method. */
export function findOperation(
  handlers: readonly AnyOperationHandler[],
  method: string,
  pathname: string,
): FoundOperation | undefined {
  const allowed: string[] = [];
  for (const handler of handlers) {
    const pathFields = matchPath(handler.operation, pathname);
    if (pathFields === undefined) continue;
    if (handler.operation.method === method) return { handler, pathFields };
    allowed.push(handler.operation.method);
  }
  if (allowed.length === 0) return undefined;
  throw new AppError("method_not_allowed", `${method} does nothing here. Try ${allowed.join(" or ")}.`);
}

export async function handleOperation(
  { handler, pathFields }: FoundOperation,
  { run, context, caller }: { readonly run: RunOperation; readonly context: Context; readonly caller: Caller },
): Promise<void> {
  const { request, response, url, id } = context;
  const { dryRun, ...query } = readQuery(url);
  const isRead = handler.operation.method === "GET" || handler.operation.method === "DELETE";
  const sent = isRead ? query : await readJson(context);
  const output = await run(
    handler,
    caller,
    { ...sent, ...pathFields },
    {
      origin: {
        face: readFace(request.headers["x-auxot-face"]),
        requestId: id,
        ip: request.socket.remoteAddress ?? null,
        userAgent: request.headers["user-agent"]?.slice(0, 500) ?? null,
      },
      dryRun: readDryRun(dryRun),
      idempotencyKey: readIdempotencyKey(request.headers["idempotency-key"]),
    },
  );
  sendJson(response, 200, output);
}

/** Programs of ours say what they are; it is for the audit trail only. */
function readFace(header: unknown): Face {
  return header === "cli" || header === "ui" ? header : "api";
}

function readDryRun(text: unknown): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true" || text === "") return true;
  throw new InputError([{ path: "dryRun", message: "must be true or false" }]);
}

function readIdempotencyKey(header: unknown): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new AppError("invalid_request", "Idempotency-Key must be 1 to 255 visible characters without spaces.", {
    param: "Idempotency-Key",
  });
}

/** The problem document of an error on the administrative API. */
export function encodeProblem(
  error: ErrorBody,
  problems: readonly InputProblem[] = [],
): { status: number; body: unknown } {
  const { status } = errorCodes[error.code];
  return {
    status,
    body: {
      type: "about:blank",
      title: error.code.replaceAll("_", " "),
      status,
      code: error.code,
      detail: error.message,
      ...(problems.length > 0 ? { errors: problems } : {}),
    },
  };
}

function matchPath(operation: Operation, pathname: string): Record<string, string> | undefined {
  const wanted = operation.path.split("/");
  const given = pathname.split("/");
  if (wanted.length !== given.length) return undefined;
  const fields: Record<string, string> = {};
  for (const [position, part] of wanted.entries()) {
    const text = given[position] ?? "";
    if (part.startsWith("{")) fields[part.slice(1, -1)] = decodePathPart(text);
    else if (part !== text) return undefined;
  }
  return fields;
}

function readQuery(url: URL): Record<string, unknown> {
  return Object.fromEntries(url.searchParams);
}

async function readJson(context: Context): Promise<Record<string, unknown>> {
  const body = await readBody(context.request, 1024 * 1024);
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new AppError("invalid_request", "The request body is not valid JSON.", { cause });
  }
  throw new AppError("invalid_request", "The request body must be a JSON object.");
}
