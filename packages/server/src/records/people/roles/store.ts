// SQL of the organisation's own roles and of who holds them.

import { isAction, type Action } from "@auxot/wire/access";
import { planPage, visibleRows, type AskedPage } from "../../../operations/store.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { and, eq, sql } from "../../../store/drizzle.ts";
import { customRole, customRoleHolder } from "../../../store/tables/people.ts";

export type RoleRow = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Those that this version knows. */
  readonly actions: readonly Action[];
  readonly teamId: string | null;
  readonly version: number;
  readonly createdAt: Date;
};

export async function listRoleRows(
  tx: Executor,
  caller: Caller,
  { team, ...asked }: AskedPage & { readonly team?: string | undefined },
): Promise<{ readonly rows: readonly RoleRow[]; readonly nextCursor: string | null }> {
  const { id, name, createdAt, teamId } = customRole;
  const page = planPage(asked, { name, createdAt }, id);
  const rows = await tx
    .select()
    .from(customRole)
    .where(
      and(
        visibleRows(caller, "roles.read", { kind: "role", id, teamId }),
        team === undefined ? undefined : eq(teamId, team),
        page.after,
      ),
    )
    .orderBy(...page.orderBy)
    .limit(page.limit);
  const cut = page.cut(rows, (row) => ({ value: asked.sort.endsWith("name") ? row.name : row.createdAt, id: row.id }));
  return { ...cut, rows: cut.rows.map(toRow) };
}

export async function getRoleRow(tx: Executor, id: string): Promise<RoleRow | undefined> {
  const [row] = await tx.select().from(customRole).where(eq(customRole.id, id));
  return row && toRow(row);
}

/** Until the end of the transaction nobody else changes it. */
export async function lockRole(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`select 1 from custom_role where id = ${id} for update`);
}

export async function insertRole(tx: Executor, row: Omit<RoleRow, "version">): Promise<void> {
  await tx.insert(customRole).values({ ...row, actions: [...row.actions] });
}

export async function updateRoleRow(
  tx: Executor,
  id: string,
  { actions, ...changes }: Pick<RoleRow, "name" | "description" | "actions">,
): Promise<void> {
  await tx
    .update(customRole)
    .set({ ...changes, actions: [...actions], version: sql`${customRole.version} + 1` })
    .where(eq(customRole.id, id));
}

export async function deleteRole(tx: Executor, id: string): Promise<void> {
  await tx.delete(customRole).where(eq(customRole.id, id));
}

export type HolderRow = { readonly roleId: string; readonly holderId: string; readonly createdAt: Date };

export async function listHolderRows(
  tx: Executor,
  { id, ...asked }: AskedPage & { readonly id: string },
): Promise<{ readonly rows: readonly HolderRow[]; readonly nextCursor: string | null }> {
  const page = planPage(asked, { createdAt: customRoleHolder.createdAt }, customRoleHolder.holderId);
  const rows = await tx
    .select()
    .from(customRoleHolder)
    .where(and(eq(customRoleHolder.roleId, id), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, (row) => ({ value: row.createdAt, id: row.holderId }));
}

export async function findHolder(tx: Executor, roleId: string, holderId: string): Promise<HolderRow | undefined> {
  const [row] = await tx.select().from(customRoleHolder).where(isHeld(roleId, holderId));
  return row;
}

/** Giving it twice is fine. */
export async function insertHolder(tx: Executor, row: HolderRow): Promise<void> {
  await tx.insert(customRoleHolder).values(row).onConflictDoNothing();
}

export async function deleteHolder(tx: Executor, roleId: string, holderId: string): Promise<void> {
  await tx.delete(customRoleHolder).where(isHeld(roleId, holderId));
}

function isHeld(roleId: string, holderId: string) {
  return and(eq(customRoleHolder.roleId, roleId), eq(customRoleHolder.holderId, holderId));
}

function toRow(row: typeof customRole.$inferSelect): RoleRow {
  return { ...row, actions: row.actions.filter(isAction) };
}
