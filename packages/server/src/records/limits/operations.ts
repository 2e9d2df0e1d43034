// Does what wire/operations/limits.ts declares.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { findContradiction } from "@auxot/wire/limit";
import {
  createLimit,
  getLimit,
  listAlerts,
  listLimits,
  removeLimit,
  showLimitStatus,
  updateLimit,
  type LimitStatus,
} from "@auxot/wire/operations/limits";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { Caller } from "../../platform/caller.ts";
import type { Executor } from "../../store/database.ts";
import type { TellEvents } from "./events.ts";
import type { LimitRecord, LimitStore } from "./store.ts";
import { showAlert, showLimit } from "./views.ts";

export type LimitOperationsDeps = {
  readonly store: LimitStore;
  readonly webhook: TellEvents;
  /** What counting must know of a change that is there for everybody. */
  onChanged(): Promise<void>;
  /** Ids of the limits that count for a caller. */
  findIdsFor(caller: Caller): readonly string[];
  /** What is used of a limit in its present window. */
  readUse(limit: LimitRecord): Promise<{ readonly used: number; readonly resetsAt: Date | null }>;
};

/** The handlers of `limits.*` and `alerts.list`. */
export function createLimitOperations(deps: LimitOperationsDeps): readonly AnyOperationHandler[] {
  const { store, onChanged } = deps;

  function tell(work: Work, before: LimitRecord | null, after: LimitRecord | null): void {
    const one = after ?? before;
    if (one === null) return;
    work.changed({
      kind: "limit",
      id: one.id,
      name: nameLimit(one),
      before: before && showLimit(before),
      after: after && showLimit(after),
    });
    work.afterCommit(onChanged);
  }

  return [
    eraseHandler({
      operation: createLimit,
      async handle(caller, { subject, subjectId, ...input }, work) {
        requireAccess(caller, createLimit.action);
        const id = createId(idPrefixes.limit);
        const stamps = { version: 1, createdAt: work.now, updatedAt: work.now };
        const limit: LimitRecord = { id, ...input, subject: { type: subject, id: subjectId }, ...stamps };
        await store.insert(work.tx, limit);
        tell(work, null, limit);
        return showLimit(limit);
      },
    }),
    eraseHandler({
      operation: listLimits,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await store.list(tx, caller, input);
        return { items: rows.map(showLimit), nextCursor };
      },
    }),
    eraseHandler({
      operation: getLimit,
      handle: async (caller, { id }, { tx }) => showLimit(await readLimit(store, tx, caller, id)),
    }),
    eraseHandler({
      operation: updateLimit,
      async handle(caller, { id, version, amount, action }, work) {
        requireAccess(caller, updateLimit.action);
        const before = await requireLimit(store, work.tx, id, "lock");
        requireVersion("limit", before.version, version);
        const after = changeLimit(before, { amount, action }, work.now);
        await store.update(work.tx, after);
        tell(work, before, after);
        return showLimit(after);
      },
    }),
    eraseHandler({
      operation: removeLimit,
      async handle(caller, { id }, work) {
        requireAccess(caller, removeLimit.action);
        const before = await requireLimit(store, work.tx, id, "lock");
        await store.remove(work.tx, id);
        tell(work, before, null);
        return showLimit(before);
      },
    }),
    eraseHandler({
      operation: showLimitStatus,
      handle: async (caller, { id }, { tx }) => ({ limits: await readStatus(deps, tx, caller, id) }),
    }),
    eraseHandler({
      operation: listAlerts,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await store.listAlerts(tx, caller, input);
        return { items: rows.map(showAlert), nextCursor };
      },
    }),
  ];
}

/** Throws `invalid_request` when what comes out contradicts itself. */
export function changeLimit(
  before: LimitRecord,
  {
    amount = before.amount,
    action = before.action,
  }: { readonly [Field in "amount" | "action"]?: LimitRecord[Field] | undefined },
  now: Date,
): LimitRecord {
  const problem = findContradiction({ ...before, action });
  if (problem !== undefined) throw new AppError("invalid_request", problem.message, { param: problem.path.join(".") });
  return { ...before, amount, action, version: before.version + 1, updatedAt: now };
}

/** Throws `not_found`. */
export async function requireLimit(store: LimitStore, tx: Executor, id: string, lock?: "lock"): Promise<LimitRecord> {
  const limit = await store.get(tx, id, lock);
  if (limit === undefined) throw new AppError("not_found", `There is no limit "${id}".`, { param: "id" });
  return limit;
}

/** For people: `team tem_1: money a month`. */
export function nameLimit({ subject, measure, window }: LimitRecord): string {
  return `${subject.type} ${subject.id}`.trim() + `: ${measure}${window === null ? "" : ` a ${window}`}`;
}

async function readLimit(store: LimitStore, tx: Executor, caller: Caller, id: string): Promise<LimitRecord> {
  const limit = await requireLimit(store, tx, id);
  const { type, id: subjectId } = limit.subject;
  const isPerson = type === "user" || type === "service";
  requireAccess(caller, "limits.read", {
    kind: "limit",
    id,
    ownerId: isPerson ? subjectId : null,
    teamId: type === "team" ? subjectId : null,
  });
  return limit;
}

async function readStatus(
  { store, findIdsFor, readUse }: LimitOperationsDeps,
  tx: Executor,
  caller: Caller,
  id: string | undefined,
): Promise<LimitStatus[]> {
  const own = findIdsFor(caller);
  const ids = id === undefined ? own : [id];
  const statuses: LimitStatus[] = [];
  for (const one of ids) {
    // Whoever a limit holds up may see it, whoever it is for.
    const limit = own.includes(one) ? await store.get(tx, one) : await readLimit(store, tx, caller, one);
    if (limit === undefined) continue;
    const { used, resetsAt } = await readUse(limit);
    const remaining = Math.max(0, limit.amount - used);
    statuses.push({ ...showLimit(limit), used, remaining, resetsAt: resetsAt?.toISOString() ?? null });
  }
  return statuses;
}
