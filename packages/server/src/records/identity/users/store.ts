// SQL of people's accounts. Knows no sign-in and no permission.

import type { OrgRole } from "@auxot/wire/access";
import { planPage, visibleRows, type AskedPage } from "../../../operations/store.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Database, Executor } from "../../../store/database.ts";
import { and, eq, ilike, inArray, isNotNull, isNull, or, sql } from "../../../store/drizzle.ts";
import { findRights, type Rights } from "../../../store/rights.ts";
import { oneTimeLink, passkey, signInMethod, twoFactor, userAccount } from "../../../store/tables/identity.ts";

export type UserOrigin = "setup" | "invitation" | "sso" | "scim" | "created";

export type User = {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string;
  readonly orgRole: OrgRole;
  readonly origin: UserOrigin;
  /** A directory manages it (SCIM). */
  readonly managed: boolean;
  readonly twoFactorEnabled: boolean;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly lastSignInAt: Date | null;
  readonly deactivatedAt: Date | null;
};

export type NewUser = Pick<User, "id" | "email" | "emailVerified" | "name" | "origin" | "createdAt">;

export type UserChange = Partial<Pick<User, "email" | "emailVerified" | "name" | "deactivatedAt">>;

export type AskedUsers = AskedPage & {
  readonly status?: "active" | "deactivated" | undefined;
  readonly search?: string | undefined;
};

export type UserStore = {
  /** Those the caller may see. */
  list(
    tx: Executor,
    caller: Caller,
    asked: AskedUsers,
  ): Promise<{ readonly rows: readonly User[]; readonly nextCursor: string | null }>;
  transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T>;
  find(id: string, tx?: Executor): Promise<User | undefined>;
  /** Names by id of those who are there. */
  nameAll(tx: Executor, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** `email` in small letters. */
  findByEmail(email: string, tx?: Executor): Promise<User | undefined>;
  /** Undefined when the address or the directory's id is taken. */
  insert(tx: Executor, user: NewUser): Promise<User | undefined>;
  /** Raises the version. Undefined: no such user, or another `version` than the one given. Throws what the database says of a taken address. */
  update(tx: Executor, id: string, change: UserChange, at: Date, version?: number): Promise<User | undefined>;
  /** What they were given. */
  findRights(id: string, tx?: Executor): Promise<Rights>;
  /** Invitations and password links they made and nobody used. */
  revokeLinksOf(tx: Executor, id: string, at: Date): Promise<void>;
  noteSignIn(id: string, at: Date): Promise<void>;
  /** In place of the one there was. */
  setPassword(
    tx: Executor,
    method: { readonly id: string; readonly userId: string; readonly hash: string },
  ): Promise<void>;
  /** What they sign in by, passkeys aside: "credential" for a password, "sso:…" for an identity provider. */
  listMethods(userId: string): Promise<readonly string[]>;
  /** Authenticator app and passkeys. How many there were. */
  removeFactors(tx: Executor, id: string, at: Date): Promise<number>;
  findBySubject(providerId: string, subject: string, tx?: Executor): Promise<User | undefined>;
  /** The first one stays. */
  addSubject(
    tx: Executor,
    method: { readonly id: string; readonly userId: string; readonly providerId: string; readonly subject: string },
  ): Promise<void>;
};

export function createUserStore({ db }: Database): UserStore {
  return {
    transaction: (work) => db.transaction(work),
    async list(tx, caller, { status, search, ...asked }) {
      const page = planPage(asked, { name: userAccount.name, createdAt: userAccount.createdAt }, userAccount.id);
      const visible = visibleRows(caller, "users.read", { kind: "user", id: userAccount.id, ownerId: userAccount.id });
      const rows = await tx
        .select(columns)
        .from(userAccount)
        .where(and(visible, ofStatus(status), search === undefined ? undefined : matches(search), page.after))
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows, (row) => ({ value: asked.sort.endsWith("name") ? row.name : row.createdAt, id: row.id }));
    },
    async find(id, tx = db) {
      return (await tx.select(columns).from(userAccount).where(eq(userAccount.id, id)))[0];
    },
    async nameAll(tx, ids) {
      if (ids.length === 0) return new Map();
      const rows = await tx
        .select({ id: userAccount.id, name: userAccount.name })
        .from(userAccount)
        .where(inArray(userAccount.id, [...ids]));
      return new Map(rows.map(({ id, name }) => [id, name]));
    },
    async findByEmail(email, tx = db) {
      return (await tx.select(columns).from(userAccount).where(eq(userAccount.email, email)))[0];
    },
    async insert(tx, user) {
      const row = { ...user, updatedAt: user.createdAt };
      return (await tx.insert(userAccount).values(row).onConflictDoNothing().returning(columns))[0];
    },
    async update(tx, id, change, at, version) {
      const rows = await tx
        .update(userAccount)
        .set({ ...change, updatedAt: at, version: sql`${userAccount.version} + 1` })
        .where(and(eq(userAccount.id, id), version === undefined ? undefined : eq(userAccount.version, version)))
        .returning(columns);
      return rows[0];
    },
    findRights: (id, tx = db) => findRights(tx, id),
    async revokeLinksOf(tx, id, revokedAt) {
      const isOpen = and(isNull(oneTimeLink.usedAt), isNull(oneTimeLink.revokedAt));
      await tx
        .update(oneTimeLink)
        .set({ revokedAt })
        .where(and(eq(oneTimeLink.createdById, id), isOpen));
    },
    noteSignIn: async (id, at) =>
      void (await db.update(userAccount).set({ lastSignInAt: at }).where(eq(userAccount.id, id))),
    async setPassword(tx, { id, userId, hash }) {
      await tx
        .insert(signInMethod)
        .values({ id, userId, providerId: "credential", accountId: userId, password: hash })
        .onConflictDoUpdate({
          target: [signInMethod.providerId, signInMethod.accountId],
          set: { password: hash, updatedAt: sql`now()` },
        });
    },
    async listMethods(userId) {
      const rows = await db
        .select({ name: signInMethod.providerId })
        .from(signInMethod)
        .where(eq(signInMethod.userId, userId));
      return rows.map(({ name }) => name);
    },
    async removeFactors(tx, id, updatedAt) {
      const apps = await tx.delete(twoFactor).where(eq(twoFactor.userId, id)).returning({ id: twoFactor.id });
      const passkeys = await tx.delete(passkey).where(eq(passkey.userId, id)).returning({ id: passkey.id });
      await tx
        .update(userAccount)
        .set({ twoFactorEnabled: false, updatedAt, version: sql`${userAccount.version} + 1` })
        .where(eq(userAccount.id, id));
      return apps.length + passkeys.length;
    },
    async findBySubject(providerId, subject, tx = db) {
      const rows = await tx
        .select(columns)
        .from(signInMethod)
        .innerJoin(userAccount, eq(userAccount.id, signInMethod.userId))
        .where(and(eq(signInMethod.providerId, providerId), eq(signInMethod.accountId, subject)));
      return rows[0];
    },
    addSubject: async (tx, { subject, ...method }) =>
      void (await tx
        .insert(signInMethod)
        .values({ ...method, accountId: subject })
        .onConflictDoNothing()),
  };
}

function ofStatus(status: AskedUsers["status"]) {
  if (status === undefined) return undefined;
  return status === "active" ? isNull(userAccount.deactivatedAt) : isNotNull(userAccount.deactivatedAt);
}

function matches(search: string) {
  const pattern = `%${search.replace(/[\\%_]/g, "\\$&")}%`;
  return or(ilike(userAccount.name, pattern), ilike(userAccount.email, pattern));
}

const columns = {
  id: userAccount.id,
  email: userAccount.email,
  emailVerified: userAccount.emailVerified,
  name: userAccount.name,
  orgRole: sql<OrgRole>`coalesce((select o.role from org_member o where o.member_id = ${userAccount.id}), 'member')`,
  origin: userAccount.origin,
  managed: sql<boolean>`exists (select 1 from scim_user s where s.user_id = ${userAccount.id} and s.removed_at is null)`,
  twoFactorEnabled: userAccount.twoFactorEnabled,
  version: userAccount.version,
  createdAt: userAccount.createdAt,
  updatedAt: userAccount.updatedAt,
  lastSignInAt: userAccount.lastSignInAt,
  deactivatedAt: userAccount.deactivatedAt,
};
