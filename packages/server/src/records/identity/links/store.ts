// SQL of links that work once. Tokens come in as hashes.

import type { OrgRole, TeamRole } from "@auxot/wire/access";
import { planPage, type AskedPage } from "../../../operations/store.ts";
import type { Database, Executor } from "../../../store/database.ts";
import { and, eq, gt, isNull, lt, sql } from "../../../store/drizzle.ts";
import { oneTimeLink } from "../../../store/tables/identity.ts";

export type LinkKind = "invitation" | "password-reset";

export type Link = {
  readonly id: string;
  readonly kind: LinkKind;
  readonly email: string;
  readonly userId: string | null;
  readonly orgRole: OrgRole | null;
  readonly teams: readonly { readonly teamId: string; readonly role: TeamRole }[];
  /** Who made it, for people to read. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
  readonly revokedAt: Date | null;
};

export type NewLink = Omit<Link, "usedAt" | "revokedAt"> & {
  readonly tokenHash: string;
  /** The person whose access it ends with. */
  readonly createdById: string | null;
};

export type LinkStore = {
  insert(tx: Executor, link: NewLink): Promise<void>;
  get(tx: Executor, id: string, kind: LinkKind): Promise<Link | undefined>;
  list(
    tx: Executor,
    asked: AskedPage & { readonly kind: LinkKind; readonly openAt?: Date | undefined },
  ): Promise<{ readonly rows: readonly Link[]; readonly nextCursor: string | null }>;
  /** Works still: not used, not revoked, not too old. */
  find(tokenHash: string, kind: LinkKind, at: Date): Promise<Link | undefined>;
  /** Uses it up: undefined for everybody but the first. */
  use(tx: Executor, tokenHash: string, kind: LinkKind, at: Date): Promise<Link | undefined>;
  /** A new token and time; the old token is worth nothing. */
  renew(tx: Executor, id: string, tokenHash: string, expiresAt: Date): Promise<void>;
  noteUser(tx: Executor, id: string, userId: string): Promise<void>;
  revoke(tx: Executor, id: string, at: Date): Promise<void>;
  hasOpen(tx: Executor, kind: LinkKind, email: string): Promise<boolean>;
  /** All of this kind and address that could be used; those whose time is over too. */
  revokeOpen(tx: Executor, kind: LinkKind, email: string, at: Date, olderThan?: Date): Promise<void>;
};

const { tokenHash: hashColumn, ...rest } = {
  tokenHash: oneTimeLink.tokenHash,
  id: oneTimeLink.id,
  kind: oneTimeLink.kind,
  email: oneTimeLink.email,
  userId: oneTimeLink.userId,
  orgRole: oneTimeLink.orgRole,
  teams: oneTimeLink.teams,
  createdBy: oneTimeLink.createdBy,
  createdAt: oneTimeLink.createdAt,
  expiresAt: oneTimeLink.expiresAt,
  usedAt: oneTimeLink.usedAt,
  revokedAt: oneTimeLink.revokedAt,
};
const isOpen = and(isNull(oneTimeLink.usedAt), isNull(oneTimeLink.revokedAt));

export function createLinkStore({ db }: Pick<Database, "db">): LinkStore {
  return {
    insert: async (tx, link) => void (await tx.insert(oneTimeLink).values(link)),
    async get(tx, id, kind) {
      return (
        await tx
          .select(rest)
          .from(oneTimeLink)
          .where(and(eq(oneTimeLink.id, id), eq(oneTimeLink.kind, kind)))
      )[0];
    },
    async list(tx, { kind, openAt, ...asked }) {
      const page = planPage(asked, { createdAt: oneTimeLink.createdAt }, oneTimeLink.id);
      const open = openAt === undefined ? undefined : and(isOpen, gt(oneTimeLink.expiresAt, openAt));
      const rows = await tx
        .select(rest)
        .from(oneTimeLink)
        .where(and(eq(oneTimeLink.kind, kind), open, page.after))
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows, (row) => ({ value: row.createdAt, id: row.id }));
    },
    async find(hash, kind, at) {
      const rows = await db
        .select(rest)
        .from(oneTimeLink)
        .where(usable(hash, kind, at));
      return rows[0];
    },
    async use(tx, hash, kind, at) {
      return (
        await tx
          .update(oneTimeLink)
          .set({ usedAt: at })
          .where(usable(hash, kind, at))
          .returning(rest)
      )[0];
    },
    renew: async (tx, id, tokenHash, expiresAt) =>
      void (await tx.update(oneTimeLink).set({ tokenHash, expiresAt }).where(eq(oneTimeLink.id, id))),
    noteUser: async (tx, id, userId) =>
      void (await tx.update(oneTimeLink).set({ userId }).where(eq(oneTimeLink.id, id))),
    revoke: async (tx, id, at) =>
      void (await tx
        .update(oneTimeLink)
        .set({ revokedAt: at })
        .where(and(eq(oneTimeLink.id, id), isOpen))),
    async hasOpen(tx, kind, email) {
      const condition = and(eq(oneTimeLink.kind, kind), eq(oneTimeLink.email, email), isOpen);
      return (await tx.select({ id: oneTimeLink.id }).from(oneTimeLink).where(condition)).length > 0;
    },
    async revokeOpen(tx, kind, email, at, olderThan) {
      await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`${kind} ${email}`}, 0))`);
      const old = olderThan === undefined ? undefined : lt(oneTimeLink.expiresAt, olderThan);
      await tx
        .update(oneTimeLink)
        .set({ revokedAt: at })
        .where(and(eq(oneTimeLink.kind, kind), eq(oneTimeLink.email, email), isOpen, old));
    },
  };
}

function usable(hash: string, kind: LinkKind, at: Date) {
  return and(eq(hashColumn, hash), eq(oneTimeLink.kind, kind), isOpen, gt(oneTimeLink.expiresAt, at));
}
