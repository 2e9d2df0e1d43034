// Decides which account an identity provider's claims mean, makes one where that is allowed, and gives what groups give.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Clock } from "../../../platform/clock.ts";
import type { Log } from "../../../platform/log.ts";
import type { Executor } from "../../../store/database.ts";
import type { OrganisationStore } from "../organisation/store.ts";
import type { User, UserStore } from "../users/store.ts";
import type { Claims } from "./flow.ts";
import { readDomain, readGroups, type SsoProvider } from "./settings.ts";

/** The account, up to date with its groups. Throws `forbidden` with what an administrator could do. */
export type Admit = (provider: SsoProvider, claims: Claims) => Promise<User>;

export function createAdmit(deps: {
  readonly users: UserStore;
  readonly organisation: OrganisationStore;
  readonly clock: Clock;
  readonly log: Log;
}): Admit {
  const { users, organisation, clock, log } = deps;

  async function findOrMake(tx: Executor, provider: SsoProvider, claims: Claims, at: Date): Promise<User> {
    const providerId = `sso:${provider.id}`;
    const known = await users.findBySubject(providerId, claims.subject, tx);
    if (known !== undefined) return known;
    const email = requireEmail(provider, claims);
    const user = (await users.findByEmail(email, tx)) ?? (await make(tx, provider, email, claims, at));
    const id = createId(idPrefixes.signInMethod);
    await users.addSubject(tx, { id, userId: user.id, providerId, subject: claims.subject });
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

  return (provider, claims) =>
    users.transaction(async (tx) => {
      const at = new Date(clock.now());
      const user = await findOrMake(tx, provider, claims, at);
      if (user.deactivatedAt !== null) {
        throw new AppError("forbidden", "This account was deactivated. Ask an administrator.");
      }
      if (provider.settings.groups.length > 0) {
        if (claims.groups === undefined) {
          log.warn(
            { provider: provider.name, userId: user.id },
            "The identity provider sent no groups; roles and teams stay as they were",
          );
        } else await giveGroups(tx, provider, user, claims.groups, at);
      }
      return user;
    });
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
