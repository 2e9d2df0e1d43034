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
  "teams.read": { org: "admin", team: "member" },
  "teams.create": { org: "admin" },
  "teams.edit": { org: "admin", team: "admin" },
  "teams.remove": { org: "admin", team: "owner" },
  /** A membership is its member's own: everybody may leave. */
  "team-members.edit": { org: "admin", team: "admin", level: "owner" },
  "org-members.read": { org: "member" },
  "org-members.edit": { org: "admin" },
  "service-accounts.read": { org: "admin", team: "member", level: "viewer" },
  "service-accounts.edit": { org: "admin", team: "admin", level: "editor" },
  "roles.read": { org: "admin", team: "member" },
  "roles.edit": { org: "admin", team: "owner" },
  /** Of the thing that is shared. */
  "shares.read": { org: "admin", team: "admin", level: "owner" },
  "shares.edit": { org: "admin", team: "admin", level: "owner" },
  /** What somebody may do; everybody may ask it of themselves. */
  "access.read": { org: "admin", team: "admin", level: "owner" },
  "models.read": { org: "member", team: "member" },
  "models.edit": { org: "admin" },
  "routing.read": { org: "admin", team: "member" },
  "routing.edit": { org: "admin", team: "admin" },
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
  "metrics.read": { org: "admin" },
  "prices.read": { org: "member" },
  "prices.edit": { org: "admin" },
  /** Whoever a request counts for is its owner. */
  "usage.read": { org: "admin", team: "admin", level: "owner" },
  "audit.read": { org: "admin" },
  "content-logging.read": { org: "admin", team: "admin" },
  "content-logging.edit": { org: "owner", team: "owner" },
  "request-content.read": { org: "owner", team: "owner", level: "owner" },
  "secrets.read": { org: "admin", team: "admin", level: "owner" },
  "secrets.edit": { org: "admin", team: "admin", level: "owner" },
  "secrets.rotate": { org: "owner" },
  "licence.read": { org: "member" },
  "licence.edit": { org: "owner" },
  "limits.read": { org: "admin", team: "member", level: "viewer" },
  "limits.edit": { org: "admin" },
  "alerts.read": { org: "admin", team: "member", level: "viewer" },
  "raise-requests.read": { org: "admin", level: "owner" },
  "raise-requests.edit": { org: "member" },
  "configuration.read": { org: "admin" },
  "configuration.edit": { org: "admin" },
} as const satisfies Readonly<Record<`${string}.${string}`, ActionRule>>;

export type Action = keyof typeof actions;

export const actionNames = Object.keys(actions) as readonly Action[];

export function isAction(name: string): name is Action {
  return Object.hasOwn(actions, name);
}

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
