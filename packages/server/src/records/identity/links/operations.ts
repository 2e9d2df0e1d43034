// Does what wire/operations/invitations.ts declares. Nobody invites to more than they are.

import { AppError } from "@auxot/wire/errors";
import {
  createInvitation,
  listInvitations,
  resendInvitation,
  revokeInvitation,
  type InvitationView,
} from "@auxot/wire/operations/invitations";
import { eraseHandler, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import { findExcess } from "../../../platform/access/excess.ts";
import { requireAccess } from "../../../platform/access/may.ts";
import type { Caller, CustomRole } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { findRights } from "../../../store/rights.ts";
import type { Invitations, MadeInvitation } from "./invitations.ts";
import { toMaker } from "./maker.ts";
import type { Link, LinkStore } from "./store.ts";

export function createInvitationOperations(deps: {
  readonly links: LinkStore;
  readonly invitations: Invitations;
  readonly canMail: boolean;
}): readonly AnyOperationHandler[] {
  const { links, invitations } = deps;
  const mail = deps.canMail ? "sending" : "not-configured";

  async function find(work: Work, id: string): Promise<Link> {
    const link = await links.get(work.tx, id, "invitation");
    if (link === undefined)
      throw new AppError("not_found", `There is no invitation with the id "${id}".`, { param: "id" });
    return link;
  }

  function tellMade(work: Work, before: Link | null, { link, url }: MadeInvitation) {
    return { ...tell(work, before, link), url, mail } as const;
  }

  return [
    eraseHandler({
      operation: listInvitations,
      async handle(caller, { open, ...asked }, { tx, now }) {
        requireAccess(caller, "invitations.read");
        const openAt = open === "true" ? now : undefined;
        const { rows, nextCursor } = await links.list(tx, { ...asked, kind: "invitation", openAt });
        return { items: rows.map((row) => toView(row, now)), nextCursor };
      },
    }),
    eraseHandler({
      operation: createInvitation,
      async handle(caller, { email, role, teams }, work) {
        requireAccess(caller, "invitations.edit");
        await requireWithin(work.tx, caller, { orgRole: role, teams });
        return tellMade(work, null, await invitations.create(work, { email, orgRole: role, teams }, toMaker(caller)));
      },
    }),
    eraseHandler({
      operation: resendInvitation,
      async handle(caller, { id }, work) {
        requireAccess(caller, "invitations.edit");
        const before = await find(work, id);
        // Its new link is for whoever asks to pass on, or to use.
        await requireWithin(work.tx, caller, before);
        return tellMade(work, before, await invitations.renew(work, before));
      },
    }),
    eraseHandler({
      operation: revokeInvitation,
      async handle(caller, { id }, work) {
        requireAccess(caller, "invitations.edit");
        const before = await find(work, id);
        await links.revoke(work.tx, id, work.now);
        return tell(work, before, await find(work, id));
      },
    }),
  ];
}

/** Nobody invites to more than they may do themselves: in the organisation, in its teams, by what these teams hold. */
async function requireWithin(
  tx: Executor,
  caller: Caller,
  { orgRole, teams }: Pick<Link, "orgRole" | "teams">,
): Promise<void> {
  // Being a member of the organisation is nothing one gives: everybody is.
  const role = orgRole === "member" ? null : orgRole;
  const roles: CustomRole[] = [];
  for (const { teamId } of teams) roles.push(...(await findRights(tx, teamId)).roles);
  const named = teams.map(({ teamId: id, role: teamRole }) => ({ id, name: id, role: teamRole }));
  const excess = findExcess(caller, { orgRole: role, teams: named, roles, scopes: ["admin:read", "admin:write"] });
  if (excess === undefined) return;
  throw new AppError(
    "forbidden",
    `"${caller.name}" may not invite to this: it would let whoever accepts ${excess}, which "${caller.name}" may not.`,
    { param: role === null ? "teams" : "role" },
  );
}

function tell(work: Work, before: Link | null, after: Link): InvitationView {
  const view = toView(after, work.now);
  const seenBefore = before === null ? null : toView(before, work.now);
  work.changed({ kind: "invitation", id: after.id, name: after.email, before: seenBefore, after: view });
  return view;
}

function toView(link: Link, now: Date): InvitationView {
  return {
    id: link.id,
    email: link.email,
    role: link.orgRole ?? "member",
    teams: [...link.teams],
    createdBy: link.createdBy,
    createdAt: link.createdAt.toISOString(),
    expiresAt: link.expiresAt.toISOString(),
    state: findState(link, now),
    userId: link.userId,
  };
}

function findState({ usedAt, revokedAt, expiresAt }: Link, now: Date): InvitationView["state"] {
  if (usedAt !== null) return "accepted";
  if (revokedAt !== null) return "revoked";
  return expiresAt <= now ? "expired" : "open";
}
