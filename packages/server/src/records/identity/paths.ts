// Owns how paths below /api/auth find the room that answers them. Knows no room.

import { AppError } from "@auxot/wire/errors";
import type { IdentityAnswer, IdentityRequest } from "./auth-port.ts";
import type { Person, Sessions } from "./sessions/sessions.ts";

/** `fields` are the `{name}` parts of the path. */
export type IdentityPath = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  handle(request: IdentityRequest, fields: Readonly<Record<string, string>>): Promise<IdentityAnswer>;
};

/** Undefined: no path fits. Throws `method_not_allowed` when one does with another method. */
export function findPath(
  paths: readonly IdentityPath[],
  { method, path }: Pick<IdentityRequest, "method" | "path">,
): { readonly found: IdentityPath; readonly fields: Readonly<Record<string, string>> } | undefined {
  const others: string[] = [];
  for (const found of paths) {
    const fields = matchPath(found.path, path);
    if (fields === undefined) continue;
    if (found.method === method) return { found, fields };
    others.push(found.method);
  }
  if (others.length === 0) return undefined;
  throw new AppError("method_not_allowed", `${method} does nothing here. Try ${others.join(" or ")}.`);
}

function matchPath(wanted: string, path: string): Record<string, string> | undefined {
  const parts = wanted.split("/");
  const given = path.split("/");
  if (parts.length !== given.length) return undefined;
  const fields: Record<string, string> = {};
  for (const [position, part] of parts.entries()) {
    const text = given[position] ?? "";
    if (part.startsWith("{")) fields[part.slice(1, -1)] = text;
    else if (part !== text) return undefined;
  }
  return fields;
}

/** A path for people who are signed in. Others get `unauthenticated`. */
export function forPerson(
  sessions: Pick<Sessions, "identify">,
  handle: (
    person: Person,
    request: IdentityRequest,
    fields: Readonly<Record<string, string>>,
  ) => Promise<IdentityAnswer>,
): IdentityPath["handle"] {
  return async (request, fields) => {
    const person = await sessions.identify(request.headers["cookie"]);
    if (person === undefined) throw new AppError("unauthenticated", "Sign in first.");
    return handle(person, request, fields);
  };
}

export function answer(body: unknown, cookies: readonly string[] = []): IdentityAnswer {
  return { status: 200, body, cookies };
}
