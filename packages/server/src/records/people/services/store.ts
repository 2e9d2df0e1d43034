// SQL of service accounts.

import type { OrgRole } from "@auxot/wire/access";
import { planPage, visibleRows, type AskedPage } from "../../../operations/store.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { and, eq, sql } from "../../../store/drizzle.ts";
import { orgMember, serviceAccount } from "../../../store/tables/people.ts";

export type ServiceRow = {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly teamId: string | null;
  readonly orgRole: OrgRole | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
};

const select = (tx: Executor) =>
  tx
    .select({
      id: serviceAccount.id,
      name: serviceAccount.name,
      description: serviceAccount.description,
      teamId: serviceAccount.teamId,
      orgRole: orgMember.role,
      version: serviceAccount.version,
      createdAt: serviceAccount.createdAt,
      disabledAt: serviceAccount.disabledAt,
    })
    .from(serviceAccount)
    .leftJoin(orgMember, eq(orgMember.memberId, serviceAccount.id));

export async function listServiceRows(
  tx: Executor,
  caller: Caller,
  { team, ...asked }: AskedPage & { readonly team?: string | undefined },
): Promise<{ readonly rows: readonly ServiceRow[]; readonly nextCursor: string | null }> {
  const { id, name, createdAt, teamId } = serviceAccount;
  const page = planPage(asked, { name, createdAt }, id);
  const visible = visibleRows(caller, "service-accounts.read", { kind: "service-account", id, ownerId: id, teamId });
  const rows = await select(tx)
    .where(and(visible, team === undefined ? undefined : eq(teamId, team), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, (row) => ({ value: asked.sort.endsWith("name") ? row.name : row.createdAt, id: row.id }));
}

export async function getServiceRow(tx: Executor, id: string): Promise<ServiceRow | undefined> {
  const [row] = await select(tx).where(eq(serviceAccount.id, id));
  return row;
}

export async function insertService(
  tx: Executor,
  row: Pick<ServiceRow, "id" | "name" | "description" | "teamId" | "createdAt">,
): Promise<void> {
  await tx.insert(serviceAccount).values(row);
}

/** Until the end of the transaction nobody else changes it. */
export async function lockService(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`select 1 from service_account where id = ${id} for update`);
}

export async function updateServiceRow(
  tx: Executor,
  id: string,
  changes: Partial<Pick<ServiceRow, "name" | "description" | "disabledAt">>,
): Promise<void> {
  await tx
    .update(serviceAccount)
    .set({ ...changes, version: sql`${serviceAccount.version} + 1` })
    .where(eq(serviceAccount.id, id));
}
