// Finds the operation of a path and a method.

import { listFields, listPathFields, type InputField } from "@auxot/wire/operations/describe";
import type { AnyOperationHandler } from "../operations/handler.ts";
import { decodePathPart } from "./route-path.ts";

export type FoundOperation = {
  readonly handler: AnyOperationHandler;
  readonly fields: readonly InputField[];
  readonly pathFields: Readonly<Record<string, string>>;
};

export type OperationTable = {
  /** Of all operations, with their `{field}` parts. */
  readonly paths: readonly string[];
  /** HEAD finds what GET does. Where nothing is found, `allowed` has the methods the path takes: none means that there is no such path. */
  find(
    method: string,
    pathname: string,
  ): { readonly found: FoundOperation | undefined; readonly allowed: readonly string[] };
};

export function createOperationTable(handlers: readonly AnyOperationHandler[]): OperationTable {
  const rows = handlers
    .map((handler) => ({ handler, parts: handler.operation.path.split("/"), fields: listFields(handler.operation) }))
    // `/api/keys/mine` is meant by itself before it is meant as `/api/keys/{id}`.
    .toSorted((a, b) => listPathFields(a.handler.operation).length - listPathFields(b.handler.operation).length);

  return {
    paths: handlers.map(({ operation }) => operation.path),
    find(method, pathname) {
      const given = pathname.split("/");
      const matching = rows.flatMap(({ handler, parts, fields }) => {
        const pathFields = matchParts(parts, given);
        return pathFields === undefined ? [] : [{ handler, fields, pathFields }];
      });
      const wanted = method === "HEAD" ? "GET" : method;
      return {
        found: matching.find(({ handler }) => handler.operation.method === wanted),
        allowed: listMethods(matching.map(({ handler }) => handler.operation.method)),
      };
    },
  };
}

/** What `Allow` says where these methods do something. */
export function listMethods(methods: readonly string[]): readonly string[] {
  if (methods.length === 0) return [];
  return [...new Set([...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"])].toSorted();
}

function matchParts(parts: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (parts.length !== given.length) return undefined;
  const fields: Record<string, string> = {};
  for (const [position, part] of parts.entries()) {
    const text = given[position] ?? "";
    if (part.startsWith("{")) fields[part.slice(1, -1)] = decodePathPart(text);
    else if (part !== text) return undefined;
  }
  return fields;
}
