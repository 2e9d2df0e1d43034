// SQL of requests for higher limits.

import { planPage, visibleRows, type AskedPage } from "../../operations/store.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Executor } from "../../store/database.ts";
import { and, eq } from "../../store/drizzle.ts";
import { raiseRequest } from "../../store/tables/limits.ts";
import type { Rows } from "./store.ts";

export type RaiseRecord = typeof raiseRequest.$inferSelect;

export type AskedRaises = AskedPage & { readonly state?: RaiseRecord["state"] | undefined };

/** Whose a request is: the person's, the service account's or the key's. */
export function nameAsker({ principal, keyId }: Caller): string {
  return principal.type === "system" ? keyId : principal.id;
}

export async function insertRaise(tx: Executor, raise: RaiseRecord): Promise<void> {
  await tx.insert(raiseRequest).values(raise);
}

export async function updateRaise(tx: Executor, raise: RaiseRecord): Promise<void> {
  await tx.update(raiseRequest).set(raise).where(eq(raiseRequest.id, raise.id));
}

/** Nobody else decides it before the transaction is over. */
export async function lockRaise(tx: Executor, id: string): Promise<RaiseRecord | undefined> {
  const [row] = await tx.select().from(raiseRequest).where(eq(raiseRequest.id, id)).for("update");
  return row;
}

/** Those of the caller, or all. */
export async function listRaises(tx: Executor, caller: Caller, asked: AskedRaises): Promise<Rows<RaiseRecord>> {
  const page = planPage(asked, { createdAt: raiseRequest.createdAt }, raiseRequest.id);
  const columns = { kind: "raise-request", id: raiseRequest.id, ownerId: raiseRequest.askedById };
  const rows = await tx
    .select()
    .from(raiseRequest)
    .where(
      and(
        visibleRows(caller, "raise-requests.read", columns),
        asked.state === undefined ? undefined : eq(raiseRequest.state, asked.state),
        page.after,
      ),
    )
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return page.cut(rows, (row) => ({ value: row.createdAt, id: row.id }));
}
