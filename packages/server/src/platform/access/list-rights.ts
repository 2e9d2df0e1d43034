// Lists everything a caller may do, each right with where it comes from. Pure; `may` decides, this only looks.

import { actionNames, ruleOf, type Action } from "@auxot/wire/access";
import type { Caller } from "../caller.ts";
import { listOpenTeams, may } from "./may.ts";

export type RightSource = {
  /** Everything, what belongs to one team, one's own things, or things shared with one. */
  readonly reach: "everything" | "team" | "own" | "shared";
  readonly teamId: string | null;
  readonly because: string;
};

export type Right = { readonly action: Action; readonly sources: readonly RightSource[] };

/** In the order of the table; actions that nothing opens are left out. */
export function listRights(caller: Caller): readonly Right[] {
  return actionNames.map((action) => ({ action, sources: listSources(caller, action) })).filter(isOpen);
}

function isOpen({ sources }: Right): boolean {
  return sources.length > 0;
}

function listSources(caller: Caller, action: Action): readonly RightSource[] {
  const nobodys = { kind: "thing", id: "", ownerId: null, teamId: null };
  const sources: RightSource[] = [];
  const everywhere = may(caller, action);
  if (everywhere.allowed) sources.push({ reach: "everything", teamId: null, because: everywhere.because });
  const bare: Caller = { ...caller, orgRole: null, roles: caller.roles.filter(({ teamId }) => teamId !== null) };
  for (const teamId of listOpenTeams(caller, action)) {
    const { allowed, because } = may(bare, action, { ...nobodys, teamId });
    if (allowed) sources.push({ reach: "team", teamId, because });
  }
  const { level } = ruleOf(action);
  if (level === undefined || caller.principal.type === "system") return sources;
  const own = may({ ...bare, teams: [], roles: [] }, action, { ...nobodys, ownerId: caller.principal.id });
  if (!own.allowed) return sources;
  sources.push({ reach: "own", teamId: null, because: "whatever is one's own is open" });
  const least = level === "owner" ? "owner" : `${level} or above`;
  return [...sources, { reach: "shared", teamId: null, because: `things shared as ${least} are open` }];
}
