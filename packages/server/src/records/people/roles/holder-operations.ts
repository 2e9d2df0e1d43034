// Does what wire/operations/roles.ts declares of who holds a role.

import { AppError } from "@auxot/wire/errors";
import { giveRole, listRoleHolders, takeRole, type RoleHolderView } from "@auxot/wire/operations/roles";
import { typeOf, type Directory, type Holder } from "../../../operations/directory.ts";
import { eraseHandler, type AnyOperationHandler } from "../../../operations/handler.ts";
import { tellRights, type ForgetCallers } from "../rights-news.ts";
import { findRoleFor, requireWithin } from "./operations.ts";
import {
  deleteHolder,
  findHolder,
  insertHolder,
  listHolderRows,
  lockRole,
  type HolderRow,
  type RoleRow,
} from "./store.ts";

export type RoleHolderDeps = { readonly directory: Directory; readonly forgetCallers: ForgetCallers };

/** The handlers of `roles.holders`, `roles.give` and `roles.take`. */
export function createRoleHolderOperations(deps: RoleHolderDeps): readonly AnyOperationHandler[] {
  const { directory, forgetCallers } = deps;
  return [
    eraseHandler({
      operation: listRoleHolders,
      async handle(caller, input, { tx }) {
        await findRoleFor(tx, caller, "roles.read", input.id);
        const { rows, nextCursor } = await listHolderRows(tx, input);
        const names = await directory.nameAll(
          tx,
          rows.map(({ holderId }) => holderId),
        );
        return { items: rows.map((row) => toView(row, names.get(row.holderId) ?? row.holderId)), nextCursor };
      },
    }),
    eraseHandler({
      operation: giveRole,
      async handle(caller, { id, holder: holderId }, work) {
        await lockRole(work.tx, id);
        const role = await findRoleFor(work.tx, caller, "roles.edit", id);
        const holder = await directory.require(work.tx, holderId, "holder");
        requireFitting(holder, role);
        requireWithin(caller, role);
        const before = await findHolder(work.tx, id, holderId);
        const after = before ?? { roleId: id, holderId, createdAt: work.now };
        const view = toView(after, holder.name);
        if (before !== undefined) return view;
        await insertHolder(work.tx, after);
        await tellRights(work, forgetCallers);
        work.changed({ kind: "role-holder", id: `${id}/${holderId}`, name: role.name, before: null, after: view });
        return view;
      },
    }),
    eraseHandler({
      operation: takeRole,
      async handle(caller, { id, holder: holderId }, work) {
        await lockRole(work.tx, id);
        const role = await findRoleFor(work.tx, caller, "roles.edit", id);
        const before = await findHolder(work.tx, id, holderId);
        if (before === undefined) throw new AppError("not_found", `"${holderId}" does not hold the role ${role.name}.`);
        await deleteHolder(work.tx, id, holderId);
        await tellRights(work, forgetCallers);
        const view = toView(before, (await directory.nameAll(work.tx, [holderId])).get(holderId) ?? holderId);
        work.changed({ kind: "role-holder", id: `${id}/${holderId}`, name: role.name, before: view, after: null });
        return view;
      },
    }),
  ];
}

/** Whoever may make keys for a team's service account would get the role by it. */
function requireFitting({ type, teamId, name }: Holder, role: RoleRow): void {
  if (type !== "service" || teamId === null || teamId === role.teamId) return;
  throw new AppError(
    "invalid_request",
    `holder: the service account ${name} belongs to a team, and can hold only roles that are for what belongs to that team.`,
    { param: "holder" },
  );
}

function toView({ roleId, holderId, createdAt }: HolderRow, name: string): RoleHolderView {
  return { roleId, holderId, type: typeOf(holderId), name, createdAt: createdAt.toISOString() };
}
