// SQL of shares.

import type { ResourceLevel } from "@auxot/wire/access";
import { planPage, type AskedPage } from "../../../operations/store.ts";
import type { Executor } from "../../../store/database.ts";
import { and, eq } from "../../../store/drizzle.ts";
import { resourceGrant } from "../../../store/tables/operations.ts";

export type ShareRow = {
  readonly kind: string;
  readonly resourceId: string;
  readonly grantee: string;
  readonly level: ResourceLevel;
  readonly createdAt: Date;
};

type ShareKey = Pick<ShareRow, "kind" | "resourceId" | "grantee">;

export async function listShareRows(
  tx: Executor,
  { kind, id, ...asked }: AskedPage & { readonly kind: string; readonly id: string },
): Promise<{ readonly rows: readonly ShareRow[]; readonly nextCursor: string | null }> {
  const page = planPage(asked, { createdAt: resourceGrant.createdAt }, resourceGrant.grantee);
  const rows = await tx
    .select()
    .from(resourceGrant)
    .where(and(eq(resourceGrant.kind, kind), eq(resourceGrant.resourceId, id), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, (row) => ({ value: row.createdAt, id: row.grantee }));
}

export async function findShare(tx: Executor, key: ShareKey): Promise<ShareRow | undefined> {
  const [row] = await tx.select().from(resourceGrant).where(isShare(key));
  return row;
}

/** Makes a share, or changes its level. */
export async function putShare(tx: Executor, row: ShareRow): Promise<void> {
  await tx
    .insert(resourceGrant)
    .values(row)
    .onConflictDoUpdate({
      target: [resourceGrant.kind, resourceGrant.resourceId, resourceGrant.grantee],
      set: { level: row.level },
    });
}

export async function deleteShare(tx: Executor, key: ShareKey): Promise<void> {
  await tx.delete(resourceGrant).where(isShare(key));
}

function isShare({ kind, resourceId, grantee }: ShareKey) {
  return and(
    eq(resourceGrant.kind, kind),
    eq(resourceGrant.resourceId, resourceId),
    eq(resourceGrant.grantee, grantee),
  );
}
