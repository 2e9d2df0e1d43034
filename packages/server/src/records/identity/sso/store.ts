// SQL of identity providers. Secrets come in and go out sealed.

import type { SsoKind, SsoSettings } from "@auxot/wire/operations/sso-providers";
import { planPage, type AskedPage } from "../../../operations/store.ts";
import type { Database, Executor } from "../../../store/database.ts";
import { and, eq, notInArray, or, sql } from "../../../store/drizzle.ts";
import { signInMethod, ssoProvider } from "../../../store/tables/identity.ts";

export type SsoRow = {
  readonly id: string;
  readonly name: string;
  readonly kind: SsoKind;
  readonly issuer: string | null;
  readonly clientId: string | null;
  readonly clientSecretSealed: string | null;
  /** Stored as it was checked then; defaults of later versions are added when it is read. */
  readonly settings: unknown;
  readonly origin: "config" | "created";
  readonly enabled: boolean;
  readonly testedAt: Date | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export type SsoChange = Partial<
  Pick<SsoRow, "kind" | "issuer" | "clientId" | "clientSecretSealed" | "enabled" | "testedAt"> & {
    readonly settings: SsoSettings;
  }
>;

export type SsoStore = {
  list(
    tx: Executor,
    asked: AskedPage,
  ): Promise<{ readonly rows: readonly SsoRow[]; readonly nextCursor: string | null }>;
  listEnabled(tx?: Executor): Promise<readonly SsoRow[]>;
  get(id: string, tx?: Executor): Promise<SsoRow | undefined>;
  getByName(name: string, tx?: Executor): Promise<SsoRow | undefined>;
  /** False when the name is taken. */
  insert(tx: Executor, row: Omit<SsoRow, "version" | "updatedAt" | "testedAt">): Promise<boolean>;
  /** With another issuer, or other metadata, nobody is known by it any more. */
  update(tx: Executor, id: string, change: SsoChange, at: Date): Promise<void>;
  /** Only while it is at this version: settings that changed meanwhile were not tested. */
  noteTested(id: string, version: number, at: Date): Promise<void>;
  remove(tx: Executor, id: string): Promise<void>;
  /** Those of the configuration that it names no more are off. */
  disableOthers(tx: Executor, names: readonly string[]): Promise<void>;
  /** Until the transaction ends nobody else changes which providers are on. */
  lock(tx: Executor): Promise<void>;
  transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T>;
};

export function createSsoStore({ db }: Pick<Database, "db">): SsoStore {
  return {
    transaction: (work) => db.transaction(work),
    lock: async (tx) => void (await tx.execute(sql`select pg_advisory_xact_lock(hashtext('sso providers'))`)),
    async list(tx, asked) {
      const page = planPage(asked, { name: ssoProvider.name }, ssoProvider.id);
      const rows = await tx
        .select()
        .from(ssoProvider)
        .where(page.after)
        .orderBy(...page.orderBy)
        .limit(page.limit);
      return page.cut(rows, ({ name, id }) => ({ value: name, id }));
    },
    listEnabled: (tx = db) =>
      tx.select().from(ssoProvider).where(eq(ssoProvider.enabled, true)).orderBy(ssoProvider.name),
    async get(id, tx = db) {
      return (await tx.select().from(ssoProvider).where(eq(ssoProvider.id, id)))[0];
    },
    async getByName(name, tx = db) {
      return (await tx.select().from(ssoProvider).where(eq(ssoProvider.name, name)))[0];
    },
    async insert(tx, row) {
      const made = await tx
        .insert(ssoProvider)
        .values({ ...row, updatedAt: row.createdAt })
        .onConflictDoNothing()
        .returning({ id: ssoProvider.id });
      return made.length > 0;
    },
    async update(tx, id, change, at) {
      await forgetSubjects(tx, id, change);
      await tx
        .update(ssoProvider)
        .set({ ...change, updatedAt: at, version: sql`${ssoProvider.version} + 1` })
        .where(eq(ssoProvider.id, id));
    },
    noteTested: async (id, version, at) =>
      void (await db
        .update(ssoProvider)
        .set({ testedAt: at })
        .where(and(eq(ssoProvider.id, id), eq(ssoProvider.version, version)))),
    remove: async (tx, id) => void (await tx.delete(ssoProvider).where(eq(ssoProvider.id, id))),
    disableOthers: async (tx, names) =>
      void (await tx
        .update(ssoProvider)
        .set({ enabled: false })
        .where(
          and(
            eq(ssoProvider.origin, "config"),
            names.length === 0 ? undefined : notInArray(ssoProvider.name, [...names]),
          ),
        )),
  };
}

/** What one issuer calls people means nothing at another: its "1001" may be somebody else. They are known by their address anew. */
async function forgetSubjects(tx: Executor, id: string, { issuer, settings }: SsoChange): Promise<void> {
  const { metadataUrl = null } = Object(settings) as { readonly metadataUrl?: string };
  const isOther = or(
    issuer === undefined ? undefined : sql`p.issuer is distinct from ${issuer}::text`,
    // Of a SAML provider that says in its metadata who it is.
    settings === undefined ? undefined : sql`p.settings ->> 'metadataUrl' is distinct from ${metadataUrl}::text`,
  );
  if (isOther === undefined) return;
  await tx
    .delete(signInMethod)
    .where(
      and(
        eq(signInMethod.providerId, `sso:${id}`),
        sql`exists (select 1 from ${ssoProvider} p where p.id = ${id} and (${isOther}))`,
      ),
    );
}
