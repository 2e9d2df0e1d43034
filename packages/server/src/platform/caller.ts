// Owns the word for who makes a request. Knows no storage.

import type { Action, OrgRole, TeamRole } from "@auxot/wire/access";

/** Whose acts a caller's are. `system`: nobody's, as of keys that belong to the organisation itself. */
export type Principal = { readonly type: "user" | "service" | "team" | "system"; readonly id: string };

export type TeamMembership = { readonly id: string; readonly name: string; readonly role: TeamRole };

/** A role the organisation made. `teamId`: it holds for what belongs to that team; null: for everything. */
export type CustomRole = {
  readonly name: string;
  readonly actions: readonly Action[];
  readonly teamId: string | null;
};

/** Who asks, checked. */
export type Caller = {
  readonly kind: "caller";
  /** Empty for somebody signed in. */
  readonly keyId: string;
  /** Of the key or the person, for people to read. */
  readonly name: string;
  readonly principal: Principal;
  /** null: may not administer anything by it. */
  readonly orgRole: OrgRole | null;
  readonly teams: readonly TeamMembership[];
  readonly roles: readonly CustomRole[];
  /** What the key is held to (wire/access.ts); null: all that its owner may. */
  readonly scopes: readonly string[] | null;
  /** Names of models, `*` at the end for all that begin so; null: all. */
  readonly models: readonly string[] | null;
};

/** The caller of a key that belongs to the organisation itself. */
export function createOrgCaller(keyId: string, name: string, isAdmin: boolean): Caller {
  return {
    kind: "caller",
    keyId,
    name,
    principal: { type: "system", id: "" },
    orgRole: isAdmin ? "owner" : null,
    teams: [],
    roles: [],
    scopes: null,
    models: null,
  };
}

/** What somebody was given, see store/rights.ts. */
export type GivenRights = Pick<Caller, "orgRole" | "teams" | "roles">;

/** The caller that acts for a person, a service account or a team. */
export function createPrincipalCaller(
  who: {
    readonly keyId: string;
    readonly name: string;
    /** The id of the person, service account or team. */
    readonly id: string;
    readonly scopes?: Caller["scopes"];
    readonly models?: Caller["models"];
  },
  { orgRole, teams, roles }: GivenRights,
): Caller {
  const { keyId, name, id, scopes = null, models = null } = who;
  return { kind: "caller", keyId, name, principal: { type: readType(id), id }, orgRole, teams, roles, scopes, models };
}

function readType(id: string): Principal["type"] {
  if (id.startsWith("svc_")) return "service";
  return id.startsWith("tem_") ? "team" : "user";
}
