// Puts names in the place of ids that an answer points with, so that people need not look them up.

import type { Client } from "@auxot/client/client";
import { AppError } from "@auxot/wire/errors";
import { getKey } from "@auxot/wire/operations/keys";
import { getServiceAccount } from "@auxot/wire/operations/service-accounts";
import { getTeam } from "@auxot/wire/operations/teams";
import { getUser } from "@auxot/wire/operations/users";

/** Each is one question more to the router. */
const maxLookups = 50;

/** `answer` with names wherever it points to a team, a service account, a key or a person. What may not be seen keeps its id. */
export async function putNames(answer: unknown, client: Client): Promise<unknown> {
  const ids = [...new Set(listIds(answer))].slice(0, maxLookups);
  const names = new Map(await Promise.all(ids.map(async (id) => [id, await findName(id, client)] as const)));
  return replace(answer, names);
}

async function findName(id: string, client: Client): Promise<string> {
  try {
    if (id.startsWith("tem_")) return (await client.call(getTeam, { id })).name;
    if (id.startsWith("svc_")) return (await client.call(getServiceAccount, { id })).name;
    if (id.startsWith("usr_")) return (await client.call(getUser, { id })).name;
    return (await client.call(getKey, { id })).name;
  } catch (error) {
    if (error instanceof AppError) return id;
    throw error;
  }
}

function listIds(value: unknown, field = ""): readonly string[] {
  if (typeof value === "string") return field !== "id" && /^(tem|svc|key|usr)_\w+$/.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => listIds(one, field));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => listIds(inner, name));
}

function replace(value: unknown, names: ReadonlyMap<string, string>, field = ""): unknown {
  if (typeof value === "string") return field === "id" ? value : (names.get(value) ?? value);
  if (Array.isArray(value)) return value.map((one) => replace(one, names, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replace(inner, names, name)]));
}
