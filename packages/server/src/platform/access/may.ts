// Decides whether a caller may do something, and says why. Pure: the same rule for rows of a list is in operations/store.ts.

import {
  orgRoles,
  resourceLevels,
  ruleOf,
  scopesOf,
  teamRoles,
  type Action,
  type OrgRole,
  type ResourceLevel,
  type TeamRole,
} from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import type { Caller, CustomRole, Principal, TeamMembership } from "../caller.ts";

/** `to` is the organisation, a team's id or a principal's id. */
export type Grant = { readonly to: "org" | (string & {}); readonly level: ResourceLevel };

/** The thing an action is about. */
export type Resource = {
  readonly kind: string;
  readonly id: string;
  /** A principal's id; null: the organisation's. */
  readonly ownerId: string | null;
  readonly teamId: string | null;
  readonly grants?: readonly Grant[];
};

export type Verdict = {
  readonly allowed: boolean;
  /** A sentence that ends "…, because X" well: what opens it, or what would. */
  readonly because: string;
};

/** `resource` absent: the action on the organisation as a whole, such as making something that belongs to nobody. */
export function may(caller: Caller, action: Action, resource?: Resource): Verdict {
  const held = checkScopes(caller, action);
  if (held !== undefined) return held;
  const opened =
    findOrgReason(caller, action) ??
    (resource === undefined ? undefined : findResourceReason(caller, action, resource));
  if (opened !== undefined) return { allowed: true, because: opened };
  return { allowed: false, because: `it needs ${explainNeed(action)}` };
}

/** Whether there can be anything at all that `may` allows: lists of nothing are refused instead. */
export function mayAnywhere(caller: Caller, action: Action): Verdict {
  const held = checkScopes(caller, action);
  if (held !== undefined) return held;
  const reason =
    findOrgReason(caller, action) ??
    (listOpenTeams(caller, action).length > 0 ? "of a role in a team" : undefined) ??
    (ruleOf(action).level !== undefined && caller.principal.type !== "system" ? "of things of one's own" : undefined);
  if (reason !== undefined) return { allowed: true, because: reason };
  return { allowed: false, because: `it needs ${explainNeed(action)}` };
}

/** Throws `forbidden` with the reason. */
export function requireAccess(caller: Caller, action: Action, resource?: Resource): void {
  refuse(caller, action, may(caller, action, resource));
}

/** Throws `forbidden` with the reason. */
export function requireAnywhere(caller: Caller, action: Action): void {
  refuse(caller, action, mayAnywhere(caller, action));
}

function refuse(caller: Caller, action: Action, { allowed, because }: Verdict): void {
  if (allowed) return;
  throw new AppError("forbidden", `"${caller.name}" may not do "${action}": ${because}.`);
}

/** Ids of the teams in which a role opens the action. */
export function listOpenTeams(caller: Pick<Caller, "teams" | "roles">, action: Action): readonly string[] {
  const { team: least } = ruleOf(action);
  const byRole = caller.teams.filter(({ role }) => least !== undefined && isAtLeast(teamRoles, role, least));
  const byCustomRole = caller.roles.filter((role) => role.teamId !== null && role.actions.includes(action));
  return [...new Set([...byRole.map(({ id }) => id), ...byCustomRole.flatMap(({ teamId }) => teamId ?? [])])];
}

/** Whether the action is open on everything. */
export function isOpenEverywhere(caller: Pick<Caller, "orgRole" | "roles">, action: Action): boolean {
  return findOrgReason(caller, action) !== undefined;
}

/** To whom a grant must be made to count for the caller. A key of the organisation itself is nobody to share with. */
export function listGrantees({ principal, teams }: Caller): readonly string[] {
  return principal.type === "system" ? [] : ["org", principal.id, ...teams.map(({ id }) => id)];
}

/** The levels that are enough for an action, none when no level is. */
export function listLevels(action: Action): readonly ResourceLevel[] {
  const { level } = ruleOf(action);
  return level === undefined ? [] : resourceLevels.slice(0, resourceLevels.indexOf(level) + 1);
}

function checkScopes({ scopes }: Caller, action: Action): Verdict | undefined {
  const opening = scopesOf(action);
  if (scopes === null || opening.some((scope) => scopes.includes(scope))) return undefined;
  return { allowed: false, because: `this key is held to ${scopes.join(", ") || "nothing"}; it needs ${opening[0]}` };
}

function findOrgReason(caller: Pick<Caller, "orgRole" | "roles">, action: Action): string | undefined {
  const { org: least } = ruleOf(action);
  if (caller.orgRole !== null && isAtLeast(orgRoles, caller.orgRole, least)) {
    return `of the role ${caller.orgRole} in the organisation`;
  }
  const role = caller.roles.find(({ teamId, actions }) => teamId === null && actions.includes(action));
  return role === undefined ? undefined : nameRole(role);
}

function findResourceReason(caller: Caller, action: Action, resource: Resource): string | undefined {
  const { ownerId, teamId, grants = [] } = resource;
  const levels = listLevels(action);
  if (levels.length > 0 && isOwner(caller.principal, ownerId)) return `the ${resource.kind} is one's own`;
  if (teamId !== null && listOpenTeams(caller, action).includes(teamId)) return explainTeam(caller, action, teamId);
  const grantees = listGrantees(caller);
  const grant = grants.find(({ to, level }) => grantees.includes(to) && levels.includes(level));
  return grant === undefined ? undefined : `the ${resource.kind} is shared with ${grant.to} as ${grant.level}`;
}

function isOwner(principal: Principal, ownerId: string | null): boolean {
  return principal.type !== "system" && principal.id === ownerId;
}

function explainTeam({ teams, roles }: Caller, action: Action, teamId: string): string {
  const role = roles.find((one) => one.teamId === teamId && one.actions.includes(action));
  if (role !== undefined) return nameRole(role);
  const team = teams.find(({ id }): boolean => id === teamId);
  return `of the role ${describeMembership(team)}`;
}

function describeMembership(team: TeamMembership | undefined): string {
  return team === undefined ? "in the team" : `${team.role} in the team ${team.name}`;
}

function nameRole({ name }: CustomRole): string {
  return `of the role ${name}`;
}

/** What opens an action, as words that follow "it needs". */
export function explainNeed(action: Action): string {
  const { org, team, level } = ruleOf(action);
  const ways = [
    `the role ${orAbove(org)} in the organisation`,
    ...(team === undefined ? [] : [`the role ${orAbove(team)} in the team it belongs to`]),
    ...(level === undefined ? [] : [level === "owner" ? "being its owner" : `a share as ${orAbove(level)}`]),
  ];
  return ways.join(", or ");
}

function orAbove(least: OrgRole | TeamRole | ResourceLevel): string {
  return least === "owner" ? least : `${least} or above`;
}

function isAtLeast<Role extends string>(strongestFirst: readonly Role[], held: Role, least: Role): boolean {
  return strongestFirst.indexOf(held) <= strongestFirst.indexOf(least);
}
