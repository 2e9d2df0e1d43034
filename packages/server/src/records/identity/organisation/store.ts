// SQL of what people are given when they join: a role in the organisation, teams. Decides nothing.

import { teamRoles, type OrgRole, type TeamRole } from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import { createId } from "@auxot/wire/ids";
import type { Database, Executor } from "../../../store/database.ts";
import { and, eq, inArray, isNull, sql } from "../../../store/drizzle.ts";
import { userAccount } from "../../../store/tables/identity.ts";
import { resourceGrant } from "../../../store/tables/operations.ts";
import { customRoleHolder, orgMember, team, teamMember } from "../../../store/tables/people.ts";

/** A team somebody joins, and as what. */
export type TeamRoleOf = { readonly teamId: string; readonly role: TeamRole };

/** `formerName`: undefined where the team is as it was, null where it is new. */
export type EnsuredTeam = { readonly id: string; readonly formerName: string | null | undefined };

export type OrganisationStore = {
  /** Until the transaction ends nobody else changes roles in the organisation. */
  lock(tx: Executor): Promise<void>;
  setRole(tx: Executor, userId: string, role: OrgRole, at: Date): Promise<void>;
  /** Owners who may sign in, without `exceptId`. */
  countOwners(tx?: Executor, exceptId?: string): Promise<number>;
  /** People who may sign in. */
  countPeople(tx: Executor): Promise<number>;
  /** A role somebody has already stays. */
  join(tx: Executor, userIds: readonly string[], teams: readonly TeamRoleOf[], at: Date): Promise<void>;
  /** Joins, or has this role from now on. One that is stronger and not among `given` was given by hand, and stays. */
  hold(tx: Executor, userId: string, team: TeamRoleOf, given: readonly TeamRole[], at: Date): Promise<void>;
  leave(tx: Executor, userId: string, teamIds: readonly string[]): Promise<void>;
  /** Takes every role, team and share there is. */
  strip(tx: Executor, userId: string): Promise<void>;
  /** Those of `ids` that are teams. */
  findTeams(tx: Executor, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** The team of this id, else the one of this name, else a new one. It has the name afterwards. Throws `conflict` when another has. */
  ensureTeam(
    tx: Executor,
    wanted: { readonly id: string | null; readonly name: string },
    at: Date,
  ): Promise<EnsuredTeam>;
};

/** In the transaction: what callers may do is asked for anew, on all routers. */
export type AnnounceRights = (tx: Executor) => Promise<void>;

export function createOrganisationStore(
  { db }: Pick<Database, "db">,
  announceRights: AnnounceRights,
): OrganisationStore {
  /** Nothing changed: nobody has to ask for anything anew. */
  const announce = async (tx: Executor, changed: readonly unknown[]): Promise<void> => {
    if (changed.length > 0) await announceRights(tx);
  };

  return {
    async join(tx, userIds, teams, createdAt) {
      const rows = teams.flatMap(({ teamId, role }) =>
        userIds.map((memberId) => ({ teamId, memberId, role, createdAt })),
      );
      if (rows.length === 0) return;
      const joined = await tx
        .insert(teamMember)
        .values(rows)
        .onConflictDoNothing()
        .returning({ id: teamMember.teamId });
      await announce(tx, joined);
    },
    async hold(tx, memberId, { teamId, role }, given, createdAt) {
      const [before] = await tx
        .select({ role: teamMember.role })
        .from(teamMember)
        .where(and(eq(teamMember.teamId, teamId), eq(teamMember.memberId, memberId)));
      const isStronger = before !== undefined && teamRoles.indexOf(before.role) < teamRoles.indexOf(role);
      if (before?.role === role || (isStronger && !given.includes(before.role))) return;
      const held = await tx
        .insert(teamMember)
        .values({ teamId, memberId, role, createdAt })
        .onConflictDoUpdate({ target: [teamMember.teamId, teamMember.memberId], set: { role } })
        .returning({ id: teamMember.teamId });
      await announce(tx, held);
    },
    // The same lock as that of operations on roles.
    lock: async (tx) => void (await tx.execute(sql`select pg_advisory_xact_lock(hashtext('org members'))`)),
    async setRole(tx, memberId, role, createdAt) {
      await tx
        .insert(orgMember)
        .values({ memberId, role, createdAt })
        .onConflictDoUpdate({ target: orgMember.memberId, set: { role } });
      await announceRights(tx);
    },
    async countOwners(tx = db, exceptId = "") {
      const [row] = await tx
        .select({ found: sql<number>`count(*)::int` })
        .from(orgMember)
        .innerJoin(userAccount, eq(userAccount.id, orgMember.memberId))
        .where(
          and(
            eq(orgMember.role, "owner"),
            isNull(userAccount.deactivatedAt),
            sql`${orgMember.memberId} <> ${exceptId}`,
          ),
        );
      return row?.found ?? 0;
    },
    async countPeople(tx) {
      const [row] = await tx
        .select({ found: sql<number>`count(*)::int` })
        .from(userAccount)
        .where(isNull(userAccount.deactivatedAt));
      return row?.found ?? 0;
    },
    async leave(tx, userId, teamIds) {
      if (teamIds.length === 0) return;
      const gone = await tx
        .delete(teamMember)
        .where(and(eq(teamMember.memberId, userId), inArray(teamMember.teamId, [...teamIds])))
        .returning({ id: teamMember.teamId });
      await announce(tx, gone);
    },
    async strip(tx, userId) {
      await tx.delete(orgMember).where(eq(orgMember.memberId, userId));
      await tx.delete(customRoleHolder).where(eq(customRoleHolder.holderId, userId));
      await tx.delete(teamMember).where(eq(teamMember.memberId, userId));
      await tx.delete(resourceGrant).where(eq(resourceGrant.grantee, userId));
      await announceRights(tx);
    },
    async findTeams(tx, ids) {
      if (ids.length === 0) return new Set();
      const rows = await tx
        .select({ id: team.id })
        .from(team)
        .where(inArray(team.id, [...ids]));
      return new Set(rows.map(({ id }) => id));
    },
    async ensureTeam(tx, { id, name }, createdAt) {
      await tx.execute(sql`select pg_advisory_xact_lock(hashtext('team slug'))`);
      const named = name.slice(0, 100);
      const select = { id: team.id, name: team.name };
      const [own] = id === null ? [] : await tx.select(select).from(team).where(eq(team.id, id));
      const [other] = await tx.select(select).from(team).where(eq(team.name, named)).orderBy(team.createdAt, team.id);
      const found = own ?? other;
      if (found === undefined) {
        const made = createId("tem_");
        await tx.insert(team).values({ id: made, name: named, slug: await findFreeSlug(tx, named), createdAt });
        return { id: made, formerName: null };
      }
      if (found.name === named) return { id: found.id, formerName: undefined };
      if (other !== undefined) {
        throw new AppError("conflict", `There is another team named "${named}" already. Give this one another name.`);
      }
      await tx
        .update(team)
        .set({ name: named, version: sql`${team.version} + 1` })
        .where(eq(team.id, found.id));
      return { id: found.id, formerName: found.name };
    },
  };
}

/** `Data Science (EU)` is data-science-eu, or data-science-eu-2. */
async function findFreeSlug(tx: Executor, name: string): Promise<string> {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const base = plain.slice(0, 50).replace(/-$/, "") || "team";
  const taken = await tx
    .select({ slug: team.slug })
    .from(team)
    .where(sql`${team.slug} like ${`${base}%`}`);
  const slugs = new Set(taken.map(({ slug }) => slug));
  for (let number = 1; ; number++) {
    const slug = number === 1 ? base : `${base}-${number}`;
    if (!slugs.has(slug)) return slug;
  }
}
