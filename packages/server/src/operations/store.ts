// SQL that operations of every noun share: which rows a caller may see, pages of rows, creates that are repeated.

import type { AnyColumn, SQL } from "drizzle-orm";
import type { Action } from "@auxot/wire/access";
import { isOpenEverywhere, listGrantees, listLevels, listOpenTeams, type Grant } from "../platform/access/may.ts";
import type { Caller } from "../platform/caller.ts";
import type { Executor } from "../store/database.ts";
import { and, asc, desc, eq, inArray, lt, or, sql } from "../store/drizzle.ts";
import { idempotentAnswer, resourceGrant } from "../store/tables/operations.ts";
import { readCursor, writeCursor } from "./cursor.ts";

/** Where a table keeps what `may` asks of a resource. */
export type ResourceColumns = {
  readonly kind: string;
  readonly id: AnyColumn;
  readonly ownerId?: AnyColumn;
  readonly teamId?: AnyColumn;
};

/** The rows on which `may` allows the action; undefined: all. */
export function visibleRows(caller: Caller, action: Action, columns: ResourceColumns): SQL | undefined {
  if (isOpenEverywhere(caller, action)) return undefined;
  const levels = listLevels(action);
  const teams = listOpenTeams(caller, action);
  const ways: (SQL | undefined)[] = [];
  if (columns.ownerId !== undefined && levels.length > 0 && caller.principal.type !== "system") {
    ways.push(eq(columns.ownerId, caller.principal.id));
  }
  if (columns.teamId !== undefined && teams.length > 0) ways.push(inArray(columns.teamId, [...teams]));
  if (levels.length > 0) {
    const granted = and(
      eq(resourceGrant.kind, columns.kind),
      eq(resourceGrant.resourceId, columns.id),
      inArray(resourceGrant.grantee, [...listGrantees(caller)]),
      inArray(resourceGrant.level, [...levels]),
    );
    ways.push(sql`exists (select 1 from ${resourceGrant} where ${granted})`);
  }
  return or(...ways) ?? sql`false`;
}

/** With whom a thing is shared. */
export async function listGrants(tx: Executor, kind: string, resourceId: string): Promise<readonly Grant[]> {
  return tx
    .select({ to: resourceGrant.grantee, level: resourceGrant.level })
    .from(resourceGrant)
    .where(and(eq(resourceGrant.kind, kind), eq(resourceGrant.resourceId, resourceId)));
}

export type AskedPage = { readonly sort: string; readonly limit: number; readonly cursor?: string | undefined };

/** What a select needs for one page. */
export type PagePlan = {
  readonly after: SQL | undefined;
  readonly orderBy: readonly [SQL, SQL];
  /** One more than asked for: whether there is a next page. */
  readonly limit: number;
  cut<Row>(
    rows: readonly Row[],
    readKey: (row: Row) => { readonly value: Date | string | number; readonly id: string },
  ): {
    readonly rows: readonly Row[];
    readonly nextCursor: string | null;
  };
};

/** `columns` by the name of their sort, never null; `id` breaks ties. Throws `invalid_request` for a cursor that is none. */
export function planPage(
  { sort, limit, cursor }: AskedPage,
  columns: Readonly<Record<string, AnyColumn>>,
  id: AnyColumn,
): PagePlan {
  const isDescending = sort.startsWith("-");
  const column = columns[isDescending ? sort.slice(1) : sort];
  if (column === undefined) throw new Error(`There is no column for the sort ${sort}.`);
  const direct = isDescending ? desc : asc;
  const last = cursor === undefined ? undefined : readCursor(cursor, sort, column);
  const sign = isDescending ? sql`<` : sql`>`;
  return {
    after:
      last === undefined
        ? undefined
        : sql`(${column}, ${id}) ${sign} (${sql.param(last.value, column)}, ${sql.param(last.id, id)})`,
    orderBy: [direct(column), direct(id)],
    limit: limit + 1,
    cut(rows, readKey) {
      const kept = rows.slice(0, limit);
      const final = kept.at(-1);
      if (rows.length <= limit || final === undefined) return { rows: kept, nextCursor: null };
      return { rows: kept, nextCursor: writeCursor(sort, readKey(final)) };
    },
  };
}

export type IdempotentKey = { readonly callerId: string; readonly key: string };

/** Waits for the request with the same key that is under way; its answer, if it came to one. */
export async function takeIdempotentKey(
  tx: Executor,
  { callerId, key }: IdempotentKey,
): Promise<{ readonly fingerprint: Uint8Array; readonly answer: string } | undefined> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`${callerId} ${key}`}, 0))`);
  const [found] = await tx
    .select({ fingerprint: idempotentAnswer.fingerprint, answer: idempotentAnswer.answer })
    .from(idempotentAnswer)
    .where(and(eq(idempotentAnswer.callerId, callerId), eq(idempotentAnswer.key, key)));
  return found;
}

export async function keepIdempotentAnswer(
  tx: Executor,
  row: IdempotentKey & { readonly fingerprint: Uint8Array; readonly answer: string; readonly createdAt: Date },
): Promise<void> {
  await tx.insert(idempotentAnswer).values(row);
}

export async function forgetIdempotentAnswers(tx: Executor, before: Date): Promise<void> {
  await tx.delete(idempotentAnswer).where(lt(idempotentAnswer.createdAt, before));
}

/** Until the end of the transaction: two that declare everything at once come one after the other. */
export async function lockConfiguration(tx: Executor): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext('auxot_configuration'))`);
}
