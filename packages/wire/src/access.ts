// What may be done with what, and the least that opens it: one table, from which checks, lists and documents are made.

/** Strongest first. */
export const orgRoles = ["owner", "admin", "member"] as const;
export type OrgRole = (typeof orgRoles)[number];

/** Strongest first. */
export const teamRoles = ["owner", "admin", "member"] as const;
export type TeamRole = (typeof teamRoles)[number];

/** What one may do with a single thing; strongest first. */
export const resourceLevels = ["owner", "editor", "viewer"] as const;
export type ResourceLevel = (typeof resourceLevels)[number];

/** The least of each that opens an action; any one is enough. Absent: that way opens nothing. */
export type ActionRule = {
  readonly org: OrgRole;
  /** In the team the thing belongs to. */
  readonly team?: TeamRole;
  /** By a grant on the thing; whoever it belongs to has the level "owner". */
  readonly level?: ResourceLevel;
};

export const actions = {
  "keys.read": { org: "admin", team: "admin", level: "owner" },
  "keys.edit": { org: "admin", team: "admin", level: "owner" },
  /** Everybody's account is their own. */
  "users.read": { org: "admin", level: "owner" },
  "users.edit": { org: "admin" },
  "invitations.read": { org: "admin" },
  "invitations.edit": { org: "admin" },
  /** Whoever says who people are can be anybody. */
  "sso-providers.read": { org: "admin" },
  "sso-providers.edit": { org: "owner" },
  "scim-tokens.read": { org: "admin" },
  "scim-tokens.edit": { org: "owner" },
  "workers.read": { org: "admin" },
  "audit.read": { org: "admin" },
} as const satisfies Readonly<Record<`${string}.${string}`, ActionRule>>;

export type Action = keyof typeof actions;

export const actionNames = Object.keys(actions) as readonly Action[];

export function ruleOf(action: Action): ActionRule {
  return actions[action];
}

/** The scope of inference, which has no action of its own. */
export const inferenceScope = "inference";

/** Scopes a key may be held to: `inference`, `<noun>:read`, `<noun>:write`, `admin:read`, `admin:write`. Writing includes reading. */
export const scopes: readonly string[] = [
  inferenceScope,
  ...new Set(["admin", ...actionNames.map(nounOf)].flatMap((noun) => [`${noun}:read`, `${noun}:write`])),
];

/** The scopes that open an action. */
export function scopesOf(action: Action): readonly string[] {
  const noun = nounOf(action);
  const writing = [`${noun}:write`, "admin:write"];
  return action.endsWith(".read") ? [`${noun}:read`, "admin:read", ...writing] : writing;
}

function nounOf(action: Action): string {
  return action.slice(0, action.indexOf("."));
}
