// Does what wire/operations/teams.ts declares of the members of teams.

import { AppError } from "@auxot/wire/errors";
import { listTeamMembers, removeTeamMember, setTeamMember, type TeamMemberView } from "@auxot/wire/operations/teams";
import type { TeamRole } from "@auxot/wire/access";
import { typeOf, type Directory, type Holder } from "../../../operations/directory.ts";
import { eraseHandler, type AnyOperationHandler } from "../../../operations/handler.ts";
import { findExcess } from "../../../platform/access/excess.ts";
import { requireAccess, type Resource } from "../../../platform/access/may.ts";
import type { Caller, CustomRole } from "../../../platform/caller.ts";
import { tellRights, type ForgetCallers } from "../rights-news.ts";
import { requireTeam, toTeamResource } from "../teams/operations.ts";
import { lockTeam, type TeamRow } from "../teams/store.ts";
import {
  deleteTeamMember,
  findTeamMember,
  hasOtherTeamOwner,
  listTeamMemberRows,
  putTeamMember,
  type TeamMemberRow,
} from "./store.ts";
import type { Executor } from "../../../store/database.ts";
import { findRights } from "../../../store/rights.ts";

export type TeamMemberDeps = { readonly directory: Directory; readonly forgetCallers: ForgetCallers };

/** The handlers of `team-members.*`. */
export function createTeamMemberOperations(deps: TeamMemberDeps): readonly AnyOperationHandler[] {
  return [listHandler(deps), setHandler(deps), removeHandler(deps)];
}

function listHandler({ directory }: TeamMemberDeps): AnyOperationHandler {
  return eraseHandler({
    operation: listTeamMembers,
    async handle(caller, input, { tx }) {
      requireAccess(caller, "teams.read", toTeamResource(input.team));
      await requireTeam(tx, input.team);
      const { rows, nextCursor } = await listTeamMemberRows(tx, input);
      const names = await directory.nameAll(
        tx,
        rows.map(({ memberId }) => memberId),
      );
      return { items: rows.map((row) => toView(row, names.get(row.memberId) ?? row.memberId)), nextCursor };
    },
  });
}

function setHandler({ directory, forgetCallers }: TeamMemberDeps): AnyOperationHandler {
  return eraseHandler({
    operation: setTeamMember,
    async handle(caller, { team: teamId, member: memberId, role }, work) {
      await lockTeam(work.tx, teamId);
      const before = await findTeamMember(work.tx, teamId, memberId);
      requireAccess(caller, "team-members.edit", toMembership(teamId, before));
      const team = await requireTeam(work.tx, teamId);
      const holder = await directory.require(work.tx, memberId, "member");
      requireOwnTeam(holder, team);
      // Whoever comes in gets what the team holds too.
      const roles = before === undefined ? (await findRights(work.tx, teamId)).roles : [];
      requireRoleWithin(caller, team, role, roles);
      if (before !== undefined) requireRoleWithin({ ...caller, scopes: null }, team, before.role);
      if (before?.role === "owner" && role !== "owner") await requireAnotherOwner(work.tx, team, holder);
      const after = { teamId, memberId, role, createdAt: before?.createdAt ?? work.now };
      await putTeamMember(work.tx, after);
      await tellRights(work, forgetCallers);
      const view = toView(after, holder.name);
      const beforeView = before === undefined ? null : toView(before, holder.name);
      work.changed({
        kind: "team-member",
        id: `${teamId}/${memberId}`,
        name: holder.name,
        before: beforeView,
        after: view,
      });
      return view;
    },
  });
}

function removeHandler({ directory, forgetCallers }: TeamMemberDeps): AnyOperationHandler {
  return eraseHandler({
    operation: removeTeamMember,
    async handle(caller, { team: teamId, member: memberId }, work) {
      await lockTeam(work.tx, teamId);
      const before = await findTeamMember(work.tx, teamId, memberId);
      requireAccess(caller, "team-members.edit", toMembership(teamId, before));
      const team = await requireTeam(work.tx, teamId);
      if (before === undefined) throw new AppError("not_found", `"${memberId}" is not in the team ${team.name}.`);
      const name = (await directory.nameAll(work.tx, [memberId])).get(memberId) ?? memberId;
      const holder = await directory.find(work.tx, memberId);
      if (holder?.type === "service" && holder.teamId === teamId) {
        throw new AppError("conflict", `${name} belongs to the team ${team.name}. Disable it instead.`);
      }
      requireRoleWithin({ ...caller, scopes: null }, team, before.role);
      if (before.role === "owner") await requireAnotherOwner(work.tx, team, { id: memberId, name });
      await deleteTeamMember(work.tx, teamId, memberId);
      await tellRights(work, forgetCallers);
      const view = toView(before, name);
      work.changed({ kind: "team-member", id: `${teamId}/${memberId}`, name, before: view, after: null });
      return view;
    },
  });
}

/** A membership is its member's own. */
function toMembership(teamId: string, row: TeamMemberRow | undefined): Resource {
  return { kind: "membership", id: teamId, ownerId: row?.memberId ?? null, teamId };
}

/** A team's own service account would carry rights of another team to whoever may make its keys. */
function requireOwnTeam({ type, teamId, name }: Holder, team: TeamRow): void {
  if (type !== "service" || teamId === null || teamId === team.id) return;
  throw new AppError(
    "invalid_request",
    `member: the service account ${name} belongs to another team, and works for that one only. Make one in the team ${team.name}, or in the organisation.`,
    { param: "member" },
  );
}

/** Nobody gives, changes or takes a role above their own; what a key gives must be within the key too. */
function requireRoleWithin(
  caller: Caller,
  { id, name }: TeamRow,
  role: TeamRole,
  roles: readonly CustomRole[] = [],
): void {
  const excess = findExcess(caller, { orgRole: null, roles, teams: [{ id, name, role }], scopes: teamScopes });
  if (excess === undefined) return;
  throw new AppError(
    "forbidden",
    `"${caller.name}" may not give or take the role ${role} in the team ${name}: it would let its holder ${excess}, which "${caller.name}" may not.`,
  );
}

/** Membership opens the use of models to nobody who did not have it; only administration counts. */
const teamScopes = ["admin:read", "admin:write"];

async function requireAnotherOwner(
  tx: Executor,
  team: TeamRow,
  { id, name }: Pick<Holder, "id" | "name">,
): Promise<void> {
  if (await hasOtherTeamOwner(tx, team.id, id)) return;
  throw new AppError(
    "conflict",
    `${name} is the last owner of the team ${team.name}. Make somebody else its owner first.`,
  );
}

function toView({ teamId, memberId, role, createdAt }: TeamMemberRow, name: string): TeamMemberView {
  const type = typeOf(memberId) === "service" ? "service" : "user";
  return { teamId, memberId, type, name, role, createdAt: createdAt.toISOString() };
}
