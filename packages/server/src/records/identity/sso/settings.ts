// The shape of an identity provider's settings, and what of them means a person's rights. Pure.

import { orgRoles, teamRoles, type OrgRole, type TeamRole } from "@auxot/wire/access";
import type { SsoSettings } from "@auxot/wire/operations/sso-providers";
import type { Secret } from "../../../platform/secret-text.ts";

type Stored = {
  readonly id: string;
  readonly name: string;
  readonly settings: SsoSettings;
  readonly origin: "config" | "created";
  readonly enabled: boolean;
  /** Somebody went the whole way with these very settings. */
  readonly testedAt: Date | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** As stored, its secret opened. */
export type OidcProvider = Stored & {
  readonly kind: "oidc";
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
};

/** Its settings say where it is described, see `readSource`. */
export type SamlProvider = Stored & {
  readonly kind: "saml";
  /** Its entity ID. Null: whatever its metadata says. */
  readonly issuer: string | null;
  /** Our entity ID. Null: the address of our metadata. */
  readonly clientId: string | null;
  /** What our requests are signed with; null where they are not. */
  readonly ownKey: { readonly privateKey: Secret; readonly certificate: string } | null;
};

export type SsoProvider = OidcProvider | SamlProvider;

/** As the configuration declares it: on at once, since whoever writes the file is trusted to have tried it. */
export type DeclaredSsoProvider =
  | Pick<OidcProvider, "kind" | "name" | "issuer" | "clientId" | "clientSecret" | "settings">
  | (Pick<SamlProvider, "kind" | "name" | "issuer" | "clientId" | "settings"> & {
      /** XML that was not read yet. */
      readonly metadata: string | undefined;
    });

/** What groups give. `role` undefined: the provider says nothing of roles. */
export type GivenByGroups = {
  readonly role: OrgRole | undefined;
  /** By team name. Absent teams that the settings name are left. */
  readonly teams: ReadonlyMap<string, TeamRole>;
  /** All teams the settings name. */
  readonly ruled: readonly string[];
};

/** Of several roles the strongest counts. */
export function readGroups({ groups }: SsoSettings, held: readonly string[]): GivenByGroups {
  const mine = groups.filter(({ group }) => held.includes(group));
  const saysRoles = groups.some(({ role }) => role !== undefined);
  const roles = mine.flatMap(({ role }) => role ?? []);
  const teams = new Map<string, TeamRole>();
  for (const { team, teamRole } of mine) {
    if (team === undefined) continue;
    teams.set(
      team,
      strongest(teamRoles, [teamRole, ...(teams.has(team) ? [teams.get(team) ?? teamRole] : [])]) ?? teamRole,
    );
  }
  return {
    role: saysRoles ? (strongest(orgRoles, roles) ?? "member") : undefined,
    teams,
    ruled: [...new Set(groups.flatMap(({ team }) => team ?? []))],
  };
}

/** `order` begins with the strongest. */
function strongest<Role>(order: readonly Role[], held: readonly Role[]): Role | undefined {
  return order.find((role) => held.includes(role));
}

/** The domain of an address in small letters. */
export function readDomain(email: string): string {
  return email.slice(email.lastIndexOf("@") + 1).toLowerCase();
}
