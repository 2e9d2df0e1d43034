// Does what wire/operations/roles.ts declares of roles themselves.

import type { Action } from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { createRole, getRole, listRoles, removeRole, updateRole, type RoleView } from "@auxot/wire/operations/roles";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import { findExcess } from "../../../platform/access/excess.ts";
import { requireAccess, type Resource } from "../../../platform/access/may.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { tellRights, type ForgetCallers } from "../rights-news.ts";
import { requireTeam } from "../teams/operations.ts";
import { deleteRole, getRoleRow, insertRole, listRoleRows, lockRole, updateRoleRow, type RoleRow } from "./store.ts";

export type RoleDeps = { readonly forgetCallers: ForgetCallers };

/** The handlers of `roles.*` but those on who holds them. */
export function createRoleOperations(deps: RoleDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listRoles,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await listRoleRows(tx, caller, input);
        return { items: rows.map(toView), nextCursor };
      },
    }),
    eraseHandler({
      operation: getRole,
      handle: async (caller, { id }, { tx }) => toView(await findRoleFor(tx, caller, "roles.read", id)),
    }),
    createHandler(),
    updateHandler(deps),
    eraseHandler({
      operation: removeRole,
      async handle(caller, { id }, work) {
        await lockRole(work.tx, id);
        const before = toView(await findRoleFor(work.tx, caller, "roles.edit", id));
        await deleteRole(work.tx, id);
        await tellRights(work, deps.forgetCallers);
        work.changed({ kind: "role", id, name: before.name, before, after: null });
        return before;
      },
    }),
  ];
}

function createHandler(): AnyOperationHandler {
  return eraseHandler({
    operation: createRole,
    async handle(caller, { name, description, actions: asked, team: teamId = null }, work) {
      const id = createId(idPrefixes.role);
      requireAccess(caller, "roles.edit", { kind: "role", id, ownerId: null, teamId });
      if (teamId !== null) await requireTeam(work.tx, teamId);
      const actions = [...new Set(asked)];
      requireWithin(caller, { name, actions, teamId });
      await insertRole(work.tx, { id, name, description, actions, teamId, createdAt: work.now });
      return tell(work, null, await requireRole(work.tx, id));
    },
  });
}

function updateHandler({ forgetCallers }: RoleDeps): AnyOperationHandler {
  return eraseHandler({
    operation: updateRole,
    async handle(caller, { id, version, ...changes }, work) {
      await lockRole(work.tx, id);
      const before = await findRoleFor(work.tx, caller, "roles.edit", id);
      requireVersion("role", before.version, version);
      const { name = before.name, description = before.description } = changes;
      const actions = [...new Set(changes.actions ?? before.actions)];
      if (changes.actions !== undefined) requireWithin(caller, { name, actions, teamId: before.teamId });
      await updateRoleRow(work.tx, id, { name, description, actions });
      await tellRights(work, forgetCallers);
      return tell(work, before, await requireRole(work.tx, id));
    },
  });
}

/** Throws `forbidden` when the role opens what the caller may not do. */
export function requireWithin(caller: Caller, role: Pick<RoleRow, "name" | "actions" | "teamId">): void {
  const scopes = ["admin:read", "admin:write"];
  const excess = findExcess(caller, { orgRole: null, teams: [], roles: [role], scopes });
  if (excess === undefined) return;
  throw new AppError(
    "forbidden",
    `The role ${role.name} would let its holder ${excess}, which "${caller.name}" may not. Nobody gives more than they may do themselves.`,
  );
}

/** Throws `forbidden` or `not_found`. */
export async function findRoleFor(tx: Executor, caller: Caller, action: Action, id: string): Promise<RoleRow> {
  const row = await getRoleRow(tx, id);
  requireAccess(caller, action, toResource(id, row));
  return row ?? (await requireRole(tx, id));
}

/** What `may` asks of a role; undefined: there is none. */
export async function findRoleResource(
  tx: Executor,
  id: string,
): Promise<(Resource & { readonly name: string }) | undefined> {
  const row = await getRoleRow(tx, id);
  return row && { ...toResource(id, row), name: row.name };
}

function toResource(id: string, row: RoleRow | undefined): Resource {
  return { kind: "role", id, ownerId: null, teamId: row?.teamId ?? null };
}

async function requireRole(tx: Executor, id: string): Promise<RoleRow> {
  const row = await getRoleRow(tx, id);
  if (row === undefined) throw new AppError("not_found", `There is no role with the id "${id}".`);
  return row;
}

function tell(work: Work, before: RoleRow | null, after: RoleRow): RoleView {
  const view = toView(after);
  work.changed({ kind: "role", id: after.id, name: after.name, before: before && toView(before), after: view });
  return view;
}

function toView(row: RoleRow): RoleView {
  return { ...row, actions: [...row.actions], createdAt: row.createdAt.toISOString() };
}
