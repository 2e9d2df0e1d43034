// Owns invitations: a link by which one person becomes a user, with a role and teams in it.

import type { OrgRole, TeamRole } from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { z } from "zod";
import type { Work } from "../../../operations/handler.ts";
import type { Clock } from "../../../platform/clock.ts";
import { hashText } from "../../../platform/hash-text.ts";
import type { OrganisationStore } from "../organisation/store.ts";
import { checkPassword, type Passwords } from "../passwords.ts";
import { nameSchema, readInput } from "../read-input.ts";
import { toTarget, type From, type Trail } from "../trail.ts";
import type { TakeSeat } from "../users/seats.ts";
import type { User, UserStore } from "../users/store.ts";
import type { LinkMaker } from "./maker.ts";
import { createLinkUrl, createOneTimeToken } from "./one-time-token.ts";
import type { SendLater } from "./send-later.ts";
import type { Link, LinkStore } from "./store.ts";

export type NewInvitation = {
  readonly email: string;
  readonly orgRole: OrgRole;
  readonly teams: readonly { readonly teamId: string; readonly role: TeamRole }[];
};

/** `url` is told once and kept nowhere. */
export type MadeInvitation = { readonly link: Link; readonly url: string };

export type Invitations = {
  /** Replaces one for the same address that ran out. Throws `conflict` when the person has an account or an invitation. */
  create(work: Work, invitation: NewInvitation, by: LinkMaker): Promise<MadeInvitation>;
  /** A new link and another week; the old link is worth nothing. */
  renew(work: Work, before: Link): Promise<MadeInvitation>;
  /** What the page of the link shows. Throws `not_found` for any token that does not work. */
  read(input: unknown): Promise<{ readonly email: string; readonly orgRole: OrgRole; readonly expiresAt: string }>;
  /** Makes the account. The first one wins. */
  accept(input: unknown, from: From): Promise<User>;
};

const lastsMs = 7 * 24 * 60 * 60 * 1000;
const tokenSchema = z.string().max(200);
const acceptSchema = z.strictObject({ token: tokenSchema, name: nameSchema, password: z.string().optional() });

export function createInvitations(deps: {
  readonly links: LinkStore;
  readonly users: UserStore;
  readonly organisation: OrganisationStore;
  readonly passwords: Passwords;
  readonly sendLater: SendLater;
  readonly trail: Trail;
  readonly takeSeat: TakeSeat;
  origins(): readonly string[];
  readonly clock: Clock;
}): Invitations {
  const { links, users, organisation, passwords, sendLater, trail, takeSeat, clock } = deps;

  function tell(work: Work, link: Link, token: string): MadeInvitation {
    const url = createLinkUrl(deps.origins()[0] ?? "", "accept-invitation", token);
    work.afterCommit(() =>
      sendLater({
        to: link.email,
        subject: "You are invited to Auxot",
        text: `${link.createdBy} invites you to Auxot.\n\nOpen this link to make your account. It works once, until ${link.expiresAt.toUTCString()}:\n\n${url}\n\nIf you do not expect it, do nothing.\n`,
      }),
    );
    return { link, url };
  }

  return {
    async create(work, { email, orgRole, teams }, by) {
      const { tx, now } = work;
      await links.revokeOpen(tx, "invitation", email, now, now);
      if ((await users.findByEmail(email, tx)) !== undefined) {
        throw new AppError("conflict", `${email} has an account already.`, { param: "email" });
      }
      const known = await organisation.findTeams(
        tx,
        teams.map(({ teamId }) => teamId),
      );
      const unknown = teams.find(({ teamId }) => !known.has(teamId));
      if (unknown !== undefined) {
        throw new AppError("invalid_request", `teams: there is no team "${unknown.teamId}".`, { param: "teams" });
      }
      if (await links.hasOpen(tx, "invitation", email)) {
        throw new AppError("conflict", `${email} is invited already. Send that invitation again, or revoke it.`, {
          param: "email",
        });
      }
      const { token, hash } = createOneTimeToken();
      const id = createId(idPrefixes.invitation);
      const expiresAt = new Date(now.getTime() + lastsMs);
      const made = {
        id,
        kind: "invitation",
        email,
        userId: null,
        orgRole,
        teams,
        createdBy: by.name,
        createdAt: now,
        expiresAt,
      } as const;
      await links.insert(tx, { ...made, tokenHash: hash, createdById: by.id });
      return tell(work, { ...made, usedAt: null, revokedAt: null }, token);
    },
    async renew(work, before) {
      if (before.usedAt !== null || before.revokedAt !== null) {
        throw new AppError("conflict", "This invitation was used or revoked. Make a new one.");
      }
      const { token, hash } = createOneTimeToken();
      const expiresAt = new Date(work.now.getTime() + lastsMs);
      await links.renew(work.tx, before.id, hash, expiresAt);
      return tell(work, { ...before, expiresAt }, token);
    },
    async read(input) {
      const { token } = readInput(z.strictObject({ token: tokenSchema }), input);
      const link = await links.find(hashText(token), "invitation", new Date(clock.now()));
      if (link === undefined) throw explainGone();
      return { email: link.email, orgRole: link.orgRole ?? "member", expiresAt: link.expiresAt.toISOString() };
    },
    async accept(input, from) {
      const { token, name, password } = readInput(acceptSchema, input);
      const hash = hashText(token);
      const at = new Date(clock.now());
      const link = await links.find(hash, "invitation", at);
      if (link === undefined) throw explainGone();
      if (password !== undefined) checkPassword(password, { email: link.email });
      const passwordHash = password === undefined ? undefined : await passwords.hash(password);
      return users.transaction(async (tx) => {
        const used = await links.use(tx, hash, "invitation", at);
        if (used === undefined) throw explainGone();
        await takeSeat(tx);
        const id = createId(idPrefixes.user);
        // Whoever has the link reads the mail of this address, or was trusted with it by an administrator.
        const user = { id, email: used.email, emailVerified: true, name, origin: "invitation", createdAt: at } as const;
        if ((await users.insert(tx, user)) === undefined) {
          throw new AppError("conflict", `${used.email} has an account already. Sign in with it.`);
        }
        if (used.orgRole !== null && used.orgRole !== "member") await organisation.setRole(tx, id, used.orgRole, at);
        const known = await organisation.findTeams(
          tx,
          used.teams.map(({ teamId }) => teamId),
        );
        await organisation.join(
          tx,
          [id],
          used.teams.filter(({ teamId }) => known.has(teamId)),
          at,
        );
        if (passwordHash !== undefined) {
          await users.setPassword(tx, { id: createId(idPrefixes.signInMethod), userId: id, hash: passwordHash });
        }
        await links.noteUser(tx, used.id, id);
        const made = await users.find(id, tx);
        if (made === undefined) throw new Error(`The account ${id} is gone.`);
        const { email, orgRole: role } = made;
        const after = { email, role, teams: used.teams, invitation: used.id };
        await trail.append(tx, [{ action: "users.join", by: { id, name }, from, target: toTarget(made), after }]);
        return made;
      });
    },
  };
}

function explainGone(): AppError {
  return new AppError("not_found", "This invitation was used, was revoked or is too old. Ask for a new one.", {
    param: "token",
  });
}
