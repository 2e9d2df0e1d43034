// SQL of what directories manage: people with the directory's names for them, groups, and the directories' tokens.

import type { SQL } from "drizzle-orm";
import { planPage, type AskedPage } from "../../../operations/store.ts";
import type { Database, Executor } from "../../../store/database.ts";
import { and, asc, eq, inArray, isNull, sql } from "../../../store/drizzle.ts";
import { scimGroup, scimGroupMember, scimToken, scimUser, userAccount } from "../../../store/tables/identity.ts";
import type { Comparison } from "./filter.ts";
import { ScimError, type ScimPage, type ScimPerson } from "./words.ts";

export type PersonRow = ScimPerson & {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type GroupRow = {
  readonly id: string;
  readonly externalId: string | null;
  readonly displayName: string;
  readonly teamId: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type MemberRow = { readonly groupId: string; readonly userId: string; readonly name: string };

export type TokenRow = {
  readonly id: string;
  readonly name: string;
  readonly masked: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
};

type Found<Row> = { readonly rows: readonly Row[]; readonly total: number };

export type ScimStore = ReturnType<typeof createScimStore>;

const person = {
  id: userAccount.id,
  userName: sql<string>`coalesce(${scimUser.userName}, ${userAccount.email})`,
  externalId: scimUser.externalId,
  email: userAccount.email,
  displayName: userAccount.name,
  givenName: scimUser.givenName,
  familyName: scimUser.familyName,
  active: sql<boolean>`${userAccount.deactivatedAt} is null`,
  version: userAccount.version,
  createdAt: userAccount.createdAt,
  updatedAt: userAccount.updatedAt,
};
const token = {
  id: scimToken.id,
  name: scimToken.name,
  masked: scimToken.masked,
  createdBy: scimToken.createdBy,
  createdAt: scimToken.createdAt,
  lastUsedAt: scimToken.lastUsedAt,
  revokedAt: scimToken.revokedAt,
};

const selectPeople = (tx: Executor, condition: SQL | undefined) =>
  tx
    .select(person)
    .from(userAccount)
    .leftJoin(scimUser, eq(scimUser.userId, userAccount.id))
    .where(and(isNull(scimUser.removedAt), condition));

/** Writes take the transaction first. People a directory deleted are not found, except by `findTaken`. */
export function createScimStore({ db }: Pick<Database, "db">) {
  return {
    async findPerson(tx: Executor, id: string): Promise<PersonRow | undefined> {
      return (await selectPeople(tx, eq(userAccount.id, id)))[0];
    },
    /** Those of `ids` that are people. */
    async findKnown(tx: Executor, ids: readonly string[]): Promise<ReadonlySet<string>> {
      if (ids.length === 0) return new Set();
      return new Set((await selectPeople(tx, inArray(userAccount.id, [...ids]))).map(({ id }) => id));
    },
    async findPeople(tx: Executor, filter: readonly Comparison[], page: ScimPage): Promise<Found<PersonRow>> {
      const condition = and(...filter.map(toPersonCondition));
      const rows = await selectPeople(tx, condition)
        .orderBy(asc(userAccount.createdAt), asc(userAccount.id))
        .limit(page.count)
        .offset(page.startIndex - 1);
      const [counted] = await tx
        .select({ total: sql<number>`count(*)::int` })
        .from(userAccount)
        .leftJoin(scimUser, eq(scimUser.userId, userAccount.id))
        .where(and(isNull(scimUser.removedAt), condition));
      return { rows, total: counted?.total ?? 0 };
    },
    /** Whoever has this user name or address, removed or not, other than `exceptId`. */
    async findTaken(
      tx: Executor,
      { userName, email }: ScimPerson,
      exceptId: string,
    ): Promise<{ readonly id: string; readonly removed: boolean } | undefined> {
      const [row] = await tx
        .select({ id: userAccount.id, removedAt: scimUser.removedAt })
        .from(userAccount)
        .leftJoin(scimUser, eq(scimUser.userId, userAccount.id))
        .where(
          and(
            sql`(lower(${person.userName}) = lower(${userName}) or ${userAccount.email} = ${email})`,
            sql`${userAccount.id} <> ${exceptId}`,
          ),
        );
      return row === undefined ? undefined : { id: row.id, removed: row.removedAt !== null };
    },
    /** Makes what the directory says of the person. Not the account itself. */
    async putPerson(tx: Executor, userId: string, said: ScimPerson, updatedAt: Date): Promise<void> {
      const { userName, externalId, givenName, familyName } = said;
      const row = { userName, externalId, givenName, familyName, updatedAt, removedAt: null };
      await tx
        .insert(scimUser)
        .values({ userId, ...row })
        .onConflictDoUpdate({ target: scimUser.userId, set: row });
    },
    async removePerson(tx: Executor, { id: userId, userName }: PersonRow, removedAt: Date): Promise<void> {
      await tx
        .insert(scimUser)
        .values({ userId, userName, removedAt })
        .onConflictDoUpdate({ target: scimUser.userId, set: { removedAt } });
    },

    async findGroup(tx: Executor, id: string): Promise<GroupRow | undefined> {
      return (await tx.select().from(scimGroup).where(eq(scimGroup.id, id)))[0];
    },
    async findGroups(tx: Executor, filter: readonly Comparison[], page: ScimPage): Promise<Found<GroupRow>> {
      const condition = and(...filter.map(toGroupCondition));
      const rows = await tx
        .select()
        .from(scimGroup)
        .where(condition)
        .orderBy(asc(scimGroup.createdAt), asc(scimGroup.id))
        .limit(page.count)
        .offset(page.startIndex - 1);
      const [counted] = await tx
        .select({ total: sql<number>`count(*)::int` })
        .from(scimGroup)
        .where(condition);
      return { rows, total: counted?.total ?? 0 };
    },
    /** Until the end of the transaction nobody else changes groups. */
    lockGroups: async (tx: Executor): Promise<void> =>
      void (await tx.execute(sql`select pg_advisory_xact_lock(hashtext('scim groups'))`)),
    /** Whether another group has the same team. */
    async isShared(tx: Executor, { id, teamId }: Pick<GroupRow, "id" | "teamId">): Promise<boolean> {
      if (teamId === null) return false;
      const others = and(eq(scimGroup.teamId, teamId), sql`${scimGroup.id} <> ${id}`);
      return (await tx.select({ id: scimGroup.id }).from(scimGroup).where(others).limit(1)).length > 0;
    },
    insertGroup: async (tx: Executor, row: Omit<GroupRow, "version" | "updatedAt">): Promise<void> =>
      void (await tx.insert(scimGroup).values({ ...row, updatedAt: row.createdAt })),
    updateGroup: async (
      tx: Executor,
      id: string,
      change: Partial<Pick<GroupRow, "externalId" | "displayName" | "teamId">>,
      updatedAt: Date,
    ): Promise<void> =>
      void (await tx
        .update(scimGroup)
        .set({ ...change, updatedAt, version: sql`${scimGroup.version} + 1` })
        .where(eq(scimGroup.id, id))),
    removeGroup: async (tx: Executor, id: string): Promise<void> =>
      void (await tx.delete(scimGroup).where(eq(scimGroup.id, id))),
    async listMembers(tx: Executor, groupIds: readonly string[]): Promise<readonly MemberRow[]> {
      if (groupIds.length === 0) return [];
      return tx
        .select({ groupId: scimGroupMember.groupId, userId: scimGroupMember.userId, name: userAccount.name })
        .from(scimGroupMember)
        .innerJoin(userAccount, eq(userAccount.id, scimGroupMember.userId))
        .where(inArray(scimGroupMember.groupId, [...groupIds]))
        .orderBy(asc(userAccount.name), asc(userAccount.id));
    },
    async addMembers(tx: Executor, groupId: string, userIds: readonly string[]): Promise<void> {
      if (userIds.length === 0) return;
      const rows = userIds.map((userId) => ({ groupId, userId }));
      await tx.insert(scimGroupMember).values(rows).onConflictDoNothing();
    },
    async dropMembers(tx: Executor, groupId: string, userIds: readonly string[]): Promise<void> {
      if (userIds.length === 0) return;
      await tx
        .delete(scimGroupMember)
        .where(and(eq(scimGroupMember.groupId, groupId), inArray(scimGroupMember.userId, [...userIds])));
    },
    leaveGroups: async (tx: Executor, userId: string): Promise<void> =>
      void (await tx.delete(scimGroupMember).where(eq(scimGroupMember.userId, userId))),
    /** Teams that the person is in by other groups than this one. */
    async listTeamsOf(tx: Executor, userId: string, exceptGroupId: string): Promise<readonly string[]> {
      const rows = await tx
        .select({ teamId: scimGroup.teamId })
        .from(scimGroupMember)
        .innerJoin(scimGroup, eq(scimGroup.id, scimGroupMember.groupId))
        .where(and(eq(scimGroupMember.userId, userId), sql`${scimGroup.id} <> ${exceptGroupId}`));
      return rows.flatMap(({ teamId }) => teamId ?? []);
    },

    insertToken: async (
      tx: Executor,
      row: Pick<TokenRow, "id" | "name" | "masked" | "createdBy" | "createdAt"> & { readonly hash: string },
    ): Promise<void> => void (await tx.insert(scimToken).values(row)),
    async getToken(tx: Executor, id: string): Promise<TokenRow | undefined> {
      return (await tx.select(token).from(scimToken).where(eq(scimToken.id, id)))[0];
    },
    async findToken(hash: string): Promise<TokenRow | undefined> {
      const rows = await db
        .select(token)
        .from(scimToken)
        .where(and(eq(scimToken.hash, hash), isNull(scimToken.revokedAt)));
      return rows[0];
    },
    async listTokens(tx: Executor, asked: AskedPage) {
      const page = planPage(asked, { createdAt: scimToken.createdAt }, scimToken.id);
      const rows = await tx
        .select(token)
        .from(scimToken)
        .where(page.after)
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows, (row) => ({ value: row.createdAt, id: row.id }));
    },
    revokeToken: async (tx: Executor, id: string, revokedAt: Date): Promise<void> =>
      void (await tx
        .update(scimToken)
        .set({ revokedAt })
        .where(and(eq(scimToken.id, id), isNull(scimToken.revokedAt)))),
    noteTokenUse: async (id: string, lastUsedAt: Date): Promise<void> =>
      void (await db.update(scimToken).set({ lastUsedAt }).where(eq(scimToken.id, id))),
  };
}

function toPersonCondition({ attribute, value }: Comparison): SQL {
  switch (attribute) {
    case "id":
      return sql`${userAccount.id} = ${value}`;
    case "username":
      return sql`lower(coalesce(${scimUser.userName}, ${userAccount.email})) = lower(${value})`;
    case "externalid":
      return sql`${scimUser.externalId} = ${value}`;
    case "emails":
    case "emails.value":
      return sql`${userAccount.email} = lower(${value})`;
    case "displayname":
      return sql`lower(${userAccount.name}) = lower(${value})`;
    case "active":
      return sql`(${userAccount.deactivatedAt} is null) = ${/^true$/i.test(value)}`;
    default:
      throw refuse(attribute, "id, userName, externalId, emails.value, displayName and active");
  }
}

function toGroupCondition({ attribute, value }: Comparison): SQL {
  switch (attribute) {
    case "id":
      return sql`${scimGroup.id} = ${value}`;
    case "displayname":
      return sql`lower(${scimGroup.displayName}) = lower(${value})`;
    case "externalid":
      return sql`${scimGroup.externalId} = ${value}`;
    case "members":
    case "members.value":
      return sql`exists (select 1 from ${scimGroupMember} m where m.group_id = ${scimGroup.id} and m.user_id = ${value})`;
    default:
      throw refuse(attribute, "id, displayName, externalId and members.value");
  }
}

function refuse(attribute: string, known: string): ScimError {
  return new ScimError("invalidFilter", `There is no filter by "${attribute}"; there are ${known}.`);
}
