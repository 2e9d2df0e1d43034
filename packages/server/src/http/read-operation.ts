// Reads what a request says to an operation: its input from path, query and body, and what goes beside it. Refuses what it
// would otherwise drop.

import type { IncomingMessage } from "node:http";
import { AppError } from "@auxot/wire/errors";
import { isWrite } from "@auxot/wire/operations/define-operation";
import { hasBody, type InputField, type JsonSchema } from "@auxot/wire/operations/describe";
import { splitNull } from "@auxot/wire/operations/schema-words";
import { findNearMatches } from "@auxot/wire/near-matches";
import { InputError, type InputProblem } from "../operations/read-input.ts";
import type { Context } from "./context.ts";
import type { FoundOperation } from "./operation-table.ts";
import { readObject } from "./read-object.ts";

export type OperationRequest = {
  readonly sent: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly idempotencyKey: string | undefined;
};

/** Throws `invalid_request`, `too_large`, `unsupported_media_type`, `cancelled`. */
export async function readOperationRequest(
  { handler: { operation }, fields, pathFields }: FoundOperation,
  { request, url }: Pick<Context, "request" | "url">,
): Promise<OperationRequest> {
  const { headers } = request;
  if (isWrite(operation) && headers["if-match"] !== undefined) {
    throw new AppError(
      "invalid_request",
      "If-Match is not taken here: send the version you saw as the field version.",
      {
        param: "If-Match",
      },
    );
  }
  const { dryRun, query } = readQuery(url.searchParams, fields, isWrite(operation));
  const body = hasBody(operation) ? await readJson(request) : refuseBody(request);
  refuseContradiction(body, pathFields);
  return {
    sent: { ...query, ...body, ...pathFields },
    dryRun,
    idempotencyKey: readIdempotencyKey(headers["idempotency-key"]),
  };
}

function readQuery(
  search: URLSearchParams,
  fields: readonly InputField[],
  takesDryRun: boolean,
): { readonly dryRun: boolean; readonly query: Readonly<Record<string, unknown>> } {
  const known = fields.filter(({ place }) => place === "query");
  const names = [...known.map(({ name }) => name), ...(takesDryRun ? ["dryRun"] : [])];
  const problems: InputProblem[] = [];
  const query: Record<string, unknown> = {};
  for (const name of new Set(search.keys())) {
    const texts = search.getAll(name);
    const field = known.find((one) => one.name === name);
    if (!names.includes(name)) problems.push({ path: name, message: explainUnknown(name, names, fields) });
    else if (field !== undefined && readsAsList(field.schema)) {
      query[name] = texts.map((text) => readText(text, splitNull(field.schema).inner.items ?? {}));
    } else if (texts.length > 1) problems.push({ path: name, message: "is given more than once" });
    else if (field !== undefined) query[name] = readText(texts[0] ?? "", field.schema);
  }
  const dryRun = takesDryRun ? search.get("dryRun") : null;
  if (dryRun !== null && !["", "true", "false"].includes(dryRun)) {
    problems.push({ path: "dryRun", message: "must be true or false" });
  }
  if (problems.length > 0) throw new InputError(problems);
  return { dryRun: dryRun === "" || dryRun === "true", query };
}

function explainUnknown(name: string, names: readonly string[], fields: readonly InputField[]): string {
  if (name === "dryRun") return "is for writes: this only reads";
  if (fields.some((field) => field.name === name && field.place === "body")) return "belongs into the body, as JSON";
  const near = findNearMatches(name, names)[0];
  return `is not known here${near === undefined ? "" : `; did you mean ${near}?`}`;
}

function readsAsList(schema: JsonSchema): boolean {
  return splitNull(schema).inner.type === "array";
}

/** A query holds only text. Text that is not what the field takes stays as it is, and is refused with the field's name. */
function readText(text: string, schema: JsonSchema): unknown {
  const { type } = splitNull(schema).inner;
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if ((type === "integer" || type === "number") && text.trim() !== "" && Number.isFinite(Number(text))) {
    return Number(text);
  }
  return text;
}

function refuseContradiction(
  body: Readonly<Record<string, unknown>>,
  pathFields: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(pathFields)) {
    if (Object.hasOwn(body, name) && body[name] !== value) {
      throw new InputError([
        { path: name, message: "is another one in the body than in the path; leave it out there" },
      ]);
    }
  }
}

function readIdempotencyKey(header: unknown): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new AppError("invalid_request", "Idempotency-Key must be 1 to 255 visible characters without spaces.", {
    param: "Idempotency-Key",
  });
}

async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (!sendsBody(request)) return {};
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (!/^application\/(?:[\w.+-]+\+)?json$/.test(type)) {
    throw new AppError(
      "unsupported_media_type",
      `The body must be JSON, with the header content-type: application/json${type === "" ? "." : `; it is ${type}.`}`,
      { param: "content-type" },
    );
  }
  return readObject(request);
}

function refuseBody(request: IncomingMessage): Readonly<Record<string, unknown>> {
  if (!sendsBody(request)) return {};
  throw new AppError(
    "invalid_request",
    `${request.method} takes no body here: its fields are in the path and the query.`,
  );
}

function sendsBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
