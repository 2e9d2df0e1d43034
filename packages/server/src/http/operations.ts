// The REST face of the operations: matches path and method, checks the permission, reads the input, writes the answer.
// Errors are problem details (RFC 9457).

import { AppError, errorCodes, type ErrorBody } from "@auxot/wire/errors";
import type { Operation } from "@auxot/wire/operations/define-operation";
import type { Caller } from "../platform/caller.ts";
import type { AnyOperationHandler } from "../platform/operation-handler.ts";
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
  context: Context,
  caller: Caller,
): Promise<void> {
  const { operation } = handler;
  if (!caller.admin) {
    throw new AppError(
      "forbidden",
      `This key may not do "${operation.name}". Use an admin key, e.g. the one printed at the first start.`,
    );
  }
  const sent =
    operation.method === "GET" || operation.method === "DELETE" ? readQuery(context.url) : await readJson(context);
  const parsed = operation.input.safeParse({ ...sent, ...pathFields });
  if (!parsed.success) {
    throw new InputError(
      parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message: readably(message) })),
    );
  }
  sendJson(context.response, 200, await handler.handle(caller, parsed.data));
}

/** The validator's own words, less its jargon. */
function readably(message: string): string {
  return message
    .replace(/^Invalid (input|option): /, "")
    .replace(/^expected (.+), received undefined$/, "is missing: expected $1");
}

type InputProblem = { readonly path: string; readonly message: string };

/** An input that breaks several rules; `problems` has one entry each. */
export class InputError extends AppError {
  readonly problems: readonly InputProblem[];

  constructor(problems: readonly InputProblem[]) {
    super(
      "invalid_request",
      problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "),
    );
    this.problems = problems;
  }
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
