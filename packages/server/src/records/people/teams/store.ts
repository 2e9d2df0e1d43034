// SQL of teams.

import { planPage, visibleRows, type AskedPage } from "../../../operations/store.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { and, eq, inArray, ne, or, sql } from "../../../store/drizzle.ts";
import { resourceGrant } from "../../../store/tables/operations.ts";
import { contentSetting } from "../../../store/tables/request-log.ts";
import { secret } from "../../../store/tables/secrets.ts";
import { customRoleHolder, orgMember, serviceAccount, team, teamMember } from "../../../store/tables/people.ts";

export type TeamRow = {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  readonly members: number;
  readonly version: number;
  readonly createdAt: Date;
};

export type TeamPage = { readonly rows: readonly TeamRow[]; readonly nextCursor: string | null };

const select = (tx: Executor) =>
  tx
    .select({
      id: team.id,
      name: team.name,
      slug: team.slug,
      description: team.description,
      members: sql<number>`(select count(*)::int from team_member m where m.team_id = ${team.id})`,
      version: team.version,
      createdAt: team.createdAt,
    })
    .from(team);

export async function listTeamRows(tx: Executor, caller: Caller, asked: AskedPage): Promise<TeamPage> {
  const page = planPage(asked, { name: team.name, createdAt: team.createdAt }, team.id);
  const rows = await select(tx)
    .where(and(visibleRows(caller, "teams.read", { kind: "team", id: team.id, teamId: team.id }), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, (row) => ({ value: asked.sort.endsWith("name") ? row.name : row.createdAt, id: row.id }));
}

export async function getTeamRow(tx: Executor, id: string): Promise<TeamRow | undefined> {
  const [row] = await select(tx).where(eq(team.id, id));
  return row;
}

/** Until the end of the transaction nobody else changes the team or who is in it. */
export async function lockTeam(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`select 1 from team where id = ${id} for update`);
}

/** The team that has the slug, other than `exceptId`. Until the end of the transaction no other team gets one. */
export async function findSlugOwner(tx: Executor, slug: string, exceptId: string): Promise<string | undefined> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext('team slug'))`);
  const [row] = await tx
    .select({ id: team.id })
    .from(team)
    .where(and(eq(team.slug, slug), ne(team.id, exceptId)));
  return row?.id;
}

export async function insertTeam(tx: Executor, row: Omit<TeamRow, "members" | "version">): Promise<void> {
  await tx.insert(team).values(row);
}

export async function updateTeamRow(
  tx: Executor,
  id: string,
  changes: Pick<TeamRow, "name" | "slug" | "description">,
): Promise<void> {
  await tx
    .update(team)
    .set({ ...changes, version: sql`${team.version} + 1` })
    .where(eq(team.id, id));
}

/** With its memberships, service accounts, roles and secrets, and what these were given. Returns the ids of those who own keys. */
export async function deleteTeam(tx: Executor, id: string): Promise<readonly string[]> {
  const services = await tx.select({ id: serviceAccount.id }).from(serviceAccount).where(eq(serviceAccount.teamId, id));
  const gone = [id, ...services.map((service) => service.id)];
  await tx
    .delete(resourceGrant)
    .where(or(inArray(resourceGrant.grantee, gone), inArray(resourceGrant.resourceId, gone)));
  await tx.delete(customRoleHolder).where(inArray(customRoleHolder.holderId, gone));
  await tx.delete(teamMember).where(inArray(teamMember.memberId, gone));
  await tx.delete(orgMember).where(inArray(orgMember.memberId, gone));
  // Nobody could use or see them any more, and their values would be kept for ever.
  await tx.delete(secret).where(inArray(secret.scopeId, gone));
  await tx.delete(contentSetting).where(eq(contentSetting.scope, id));
  await tx.delete(team).where(eq(team.id, id));
  return gone;
}
