// Finds what somebody would be given beyond what the giver may do: nobody hands out more than they have. Pure.

import { actionNames, inferenceScope, scopesOf, type Action } from "@auxot/wire/access";
import type { Caller } from "../caller.ts";
import { isOpenEverywhere, listOpenTeams } from "./may.ts";

/** What is given. `scopes` absent or null: not held to any. */
export type Given = Pick<Caller, "orgRole" | "teams" | "roles"> & { readonly scopes?: Caller["scopes"] };

/** The first thing in `given` that the caller may not do, in words; undefined: the caller may do all of it. */
export function findExcess(caller: Caller, given: Given): string | undefined {
  const { scopes = null } = given;
  if (!isInScope(caller.scopes, [inferenceScope]) && isInScope(scopes, [inferenceScope])) return "use models";
  // An owner is more than the owner's actions: others may not take the role away, for one.
  const isAdministering = scopes === null || scopes.some((scope) => scope !== inferenceScope);
  if (given.orgRole === "owner" && caller.orgRole !== "owner" && isAdministering) return "own the organisation";
  for (const action of actionNames) {
    if (!isInScope(scopes, scopesOf(action))) continue;
    const excess = findExcessOf(caller, given, action);
    if (excess !== undefined) return excess;
  }
  return undefined;
}

function findExcessOf(caller: Caller, given: Given, action: Action): string | undefined {
  const teams = listOpenTeams(given, action);
  const isEverywhere = isOpenEverywhere(given, action);
  if (!isEverywhere && teams.length === 0) return undefined;
  if (!isInScope(caller.scopes, scopesOf(action))) return `do "${action}"`;
  if (isOpenEverywhere(caller, action)) return undefined;
  if (isEverywhere) return `do "${action}" everywhere`;
  const own = listOpenTeams(caller, action);
  const foreign = teams.find((id) => !own.includes(id));
  if (foreign === undefined) return undefined;
  return `do "${action}" in the team ${given.teams.find(({ id }) => id === foreign)?.name ?? foreign}`;
}

function isInScope(held: readonly string[] | null, opening: readonly string[]): boolean {
  return held === null || opening.some((scope) => held.includes(scope));
}

/** The first scope of `asked` that `held` does not include; null asks for all. Undefined: there is none. */
export function findScopeExcess(held: readonly string[] | null, asked: readonly string[] | null): string | undefined {
  if (held === null) return undefined;
  if (asked === null) return "everything";
  return asked.find((scope) => !includingScopes(scope).some((one) => held.includes(one)));
}

/** Itself and those that include it. */
function includingScopes(scope: string): readonly string[] {
  if (scope === inferenceScope) return [scope];
  const noun = scope.slice(0, scope.indexOf(":"));
  const writing = [`${noun}:write`, "admin:write"];
  return scope.endsWith(":read") ? [`${noun}:read`, "admin:read", ...writing] : writing;
}

/** The first pattern of `asked` (names, `*` at the end) that reaches beyond `held`. Undefined: there is none. */
export function findPatternExcess(held: readonly string[] | null, asked: readonly string[] | null): string | undefined {
  if (held === null) return undefined;
  if (asked === null) return "everything";
  return asked.find((pattern) => !held.some((one) => matchesPattern(one, pattern)));
}

/** Whether a name, or all names of a pattern, are within `pattern`. */
export function matchesPattern(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
