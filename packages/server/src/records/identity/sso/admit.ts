// Decides which account an identity provider's claims mean, makes one where that is allowed, and gives what groups give.

import { isDeepStrictEqual } from "node:util";
import type { OrgRole, TeamRole } from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Clock } from "../../../platform/clock.ts";
import type { Log } from "../../../platform/log.ts";
import type { Executor } from "../../../store/database.ts";
import type { OrganisationStore } from "../organisation/store.ts";
import { toTarget, type Act, type From, type Trail } from "../trail.ts";
import type { TakeSeat } from "../users/seats.ts";
import type { User, UserStore } from "../users/store.ts";
import type { Claims } from "./flow.ts";
import { readDomain, readGroups, type SsoProvider } from "./settings.ts";

/** The account, up to date with its groups. Throws `forbidden` with what an administrator could do. */
export type Admit = (provider: SsoProvider, claims: Claims, from: From) => Promise<User>;

export function createAdmit(deps: {
  readonly users: UserStore;
  readonly organisation: OrganisationStore;
  readonly clock: Clock;
  readonly trail: Trail;
  readonly takeSeat: TakeSeat;
  readonly log: Log;
}): Admit {
  const { users, organisation, trail, clock, log } = deps;

  /** Somebody whom the provider names for the first time. */
  async function link(tx: Executor, provider: SsoProvider, claims: Claims, at: Date): Promise<User> {
    const email = requireEmail(provider, claims);
    const user = (await users.findByEmail(email, tx)) ?? (await make(tx, provider, email, claims, at));
    const id = createId(idPrefixes.signInMethod);
    await users.addSubject(tx, { id, userId: user.id, providerId: nameProvider(provider), subject: claims.subject });
    return user;
  }

  async function make(
    tx: Executor,
    provider: SsoProvider,
    email: string,
    claims: Claims,
    createdAt: Date,
  ): Promise<User> {
    if (!provider.settings.autoJoin) {
      throw new AppError("forbidden", `There is no account for ${email}. Ask an administrator for an invitation.`);
    }
    // Somebody who comes twice at once is one person, and takes one seat.
    await organisation.lock(tx);
    const there = await users.findByEmail(email, tx);
    if (there !== undefined) return there;
    await deps.takeSeat(tx);
    const id = createId(idPrefixes.user);
    const name = claims.name ?? email.split("@")[0] ?? email;
    const made = await users.insert(tx, { id, email, emailVerified: true, name, origin: "sso", createdAt });
    const user = made ?? (await users.findByEmail(email, tx));
    if (user === undefined) throw new Error(`No account could be made for a person of ${provider.name}.`);
    return user;
  }

  async function giveGroups(
    tx: Executor,
    provider: SsoProvider,
    user: User,
    held: readonly string[],
    at: Date,
  ): Promise<void> {
    const { role, teams, ruled } = readGroups(provider.settings, held);
    for (const name of ruled) {
      const { id: teamId } = await organisation.ensureTeam(tx, { id: null, name }, at);
      const teamRole = teams.get(name);
      const given = provider.settings.groups.flatMap((one) => (one.team === name ? one.teamRole : []));
      if (teamRole === undefined) await organisation.leave(tx, user.id, [teamId]);
      else await organisation.hold(tx, user.id, { teamId, role: teamRole }, given, at);
    }
    if (role === undefined || role === user.orgRole) return;
    await organisation.lock(tx);
    const isLast = user.orgRole === "owner" && (await organisation.countOwners(tx, user.id)) === 0;
    if (isLast) log.warn({ userId: user.id }, "The groups of the last owner give a lesser role; the owner stays one");
    else await organisation.setRole(tx, user.id, role, at);
  }

  return (provider, claims, from) =>
    users.transaction(async (tx) => {
      const at = new Date(clock.now());
      const known = await users.findBySubject(nameProvider(provider), claims.subject, tx);
      const user = known ?? (await link(tx, provider, claims, at));
      if (user.deactivatedAt !== null) {
        throw new AppError("forbidden", "This account was deactivated. Ask an administrator.");
      }
      const had = await readGiven(tx, provider, user);
      if (provider.settings.groups.length > 0) {
        if (claims.groups === undefined) {
          log.warn(
            { provider: provider.name, userId: user.id },
            "The identity provider sent no groups; roles and teams stay as they were",
          );
        } else await giveGroups(tx, provider, user, claims.groups, at);
      }
      const acts = await listActs(tx, provider, user, known !== undefined, had);
      await trail.append(
        tx,
        acts.map((act) => ({ ...act, by: user, from, target: toTarget(user) })),
      );
      return user;
    });

  /** What groups can give. */
  async function readGiven(tx: Executor, { settings }: SsoProvider, { id, orgRole: role }: User): Promise<Given> {
    if (settings.groups.length === 0) return { role, teams: {} };
    const rights = await users.findRights(id, tx);
    const teams = rights.teams.map((team): [string, TeamRole] => [team.name, team.role]);
    return { role: rights.orgRole ?? role, teams: Object.fromEntries(teams) };
  }

  /** What the audit log is told: who came, whether for the first time, what their groups gave. */
  async function listActs(tx: Executor, provider: SsoProvider, user: User, isKnown: boolean, had: Given) {
    const has = await readGiven(tx, provider, user);
    const isNew = user.origin === "sso" && user.lastSignInAt === null && !isKnown;
    const acts: Pick<Act, "action" | "before" | "after">[] = [];
    if (!isKnown) {
      const action = isNew ? "users.join" : "users.link-provider";
      acts.push({ action, after: { email: user.email, provider: provider.name } });
    }
    if (!isDeepStrictEqual(had, has)) acts.push({ action: "users.update", before: had, after: has });
    acts.push({ action: "users.sign-in", after: { method: "identity provider", provider: provider.name } });
    return acts;
  }
}

type Given = { readonly role: OrgRole; readonly teams: Readonly<Record<string, TeamRole>> };

function nameProvider({ id }: SsoProvider): string {
  return `sso:${id}`;
}

/** An address counts only where an administrator said that its domain is this provider's. */
function requireEmail({ kind, settings }: SsoProvider, { email, emailVerified }: Claims): string {
  if (email === undefined) {
    const needed = kind === "oidc" ? "it needs the scope email" : "it needs an attribute named email";
    throw refuse(`the identity provider did not tell your e-mail address; ${needed}`);
  }
  if (emailVerified === false) throw refuse(`the identity provider has not verified ${email}`);
  if (!settings.domains.includes(readDomain(email))) {
    throw refuse(`addresses of ${readDomain(email)} are not among the domains of this identity provider`);
  }
  return email;
}

function refuse(why: string): AppError {
  return new AppError("forbidden", `You cannot sign in this way: ${why}.`);
}
