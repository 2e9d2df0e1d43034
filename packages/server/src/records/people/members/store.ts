// SQL of memberships: in teams, and in the organisation.

import type { OrgRole, TeamRole } from "@auxot/wire/access";
import { planPage, type AskedPage } from "../../../operations/store.ts";
import type { Executor } from "../../../store/database.ts";
import { and, eq, ne, sql } from "../../../store/drizzle.ts";
import { orgMember, teamMember } from "../../../store/tables/people.ts";

export type TeamMemberRow = {
  readonly teamId: string;
  readonly memberId: string;
  readonly role: TeamRole;
  readonly createdAt: Date;
};

export async function listTeamMemberRows(
  tx: Executor,
  { team, role, ...asked }: AskedPage & { readonly team: string; readonly role?: TeamRole | undefined },
): Promise<{ readonly rows: readonly TeamMemberRow[]; readonly nextCursor: string | null }> {
  const page = planPage(asked, { createdAt: teamMember.createdAt }, teamMember.memberId);
  const rows = await tx
    .select()
    .from(teamMember)
    .where(and(eq(teamMember.teamId, team), role === undefined ? undefined : eq(teamMember.role, role), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, (row) => ({ value: row.createdAt, id: row.memberId }));
}

export async function findTeamMember(
  tx: Executor,
  teamId: string,
  memberId: string,
): Promise<TeamMemberRow | undefined> {
  const [row] = await tx
    .select()
    .from(teamMember)
    .where(and(eq(teamMember.teamId, teamId), eq(teamMember.memberId, memberId)));
  return row;
}

/** Makes a membership, or changes its role. */
export async function putTeamMember(tx: Executor, row: TeamMemberRow): Promise<void> {
  await tx
    .insert(teamMember)
    .values(row)
    .onConflictDoUpdate({ target: [teamMember.teamId, teamMember.memberId], set: { role: row.role } });
}

export async function deleteTeamMember(tx: Executor, teamId: string, memberId: string): Promise<void> {
  await tx.delete(teamMember).where(and(eq(teamMember.teamId, teamId), eq(teamMember.memberId, memberId)));
}

/** Whether the team has an owner beside this member. Under the team's lock. */
export async function hasOtherTeamOwner(tx: Executor, teamId: string, memberId: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: teamMember.memberId })
    .from(teamMember)
    .where(and(eq(teamMember.teamId, teamId), eq(teamMember.role, "owner"), ne(teamMember.memberId, memberId)))
    .limit(1);
  return row !== undefined;
}

export type OrgMemberRow = { readonly memberId: string; readonly role: OrgRole; readonly createdAt: Date };

export async function listOrgMemberRows(
  tx: Executor,
  { role, ...asked }: AskedPage & { readonly role?: OrgRole | undefined },
): Promise<{ readonly rows: readonly OrgMemberRow[]; readonly nextCursor: string | null }> {
  const page = planPage(asked, { createdAt: orgMember.createdAt }, orgMember.memberId);
  const rows = await tx
    .select()
    .from(orgMember)
    .where(and(role === undefined ? undefined : eq(orgMember.role, role), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, (row) => ({ value: row.createdAt, id: row.memberId }));
}

/** Until the end of the transaction nobody else changes roles in the organisation. */
export async function lockOrgMembers(tx: Executor): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext('org members'))`);
}

export async function findOrgMember(tx: Executor, memberId: string): Promise<OrgMemberRow | undefined> {
  const [row] = await tx.select().from(orgMember).where(eq(orgMember.memberId, memberId));
  return row;
}

/** `role` null: the member has none any more. */
export async function putOrgMember(
  tx: Executor,
  memberId: string,
  role: OrgRole | null,
  createdAt: Date,
): Promise<void> {
  if (role === null) {
    await tx.delete(orgMember).where(eq(orgMember.memberId, memberId));
    return;
  }
  await tx
    .insert(orgMember)
    .values({ memberId, role, createdAt })
    .onConflictDoUpdate({ target: orgMember.memberId, set: { role } });
}

/** Whether a person beside this one owns the organisation and may sign in. Under `lockOrgMembers`. */
export async function hasOtherOrgOwner(tx: Executor, memberId: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: orgMember.memberId })
    .from(orgMember)
    .where(
      and(
        eq(orgMember.role, "owner"),
        ne(orgMember.memberId, memberId),
        sql`exists (select 1 from user_account u where u.id = ${orgMember.memberId} and u.deactivated_at is null)`,
      ),
    )
    .limit(1);
  return row !== undefined;
}
