// Does what wire/operations/raise-requests.ts declares.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { createRaiseRequest, decideRaiseRequest, listRaiseRequests } from "@auxot/wire/operations/raise-requests";
import { eraseHandler, requireVersion, type AnyOperationHandler } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import { toRaiseEvent } from "./events.ts";
import { changeLimit, nameLimit, requireLimit, type LimitOperationsDeps } from "./operations.ts";
import { insertRaise, listRaises, lockRaise, nameAsker, updateRaise, type RaiseRecord } from "./raise-store.ts";
import type { LimitRecord } from "./store.ts";
import { showRaise } from "./views.ts";

/** The handlers of `raise-requests.*`. */
export function createRaiseOperations(
  deps: Pick<LimitOperationsDeps, "store" | "webhook" | "onChanged" | "findIdsFor">,
): readonly AnyOperationHandler[] {
  const { store, webhook, onChanged } = deps;
  return [
    eraseHandler({
      operation: createRaiseRequest,
      async handle(caller, { limitId, amount, reason }, work) {
        if (!deps.findIdsFor(caller).includes(limitId)) {
          const message = "limitId: no limit of this id counts for you. limits.status lists those that do.";
          throw new AppError("not_found", message, { param: "limitId" });
        }
        const limit = await requireLimit(store, work.tx, limitId);
        requireMore(limit, amount);
        const raise: RaiseRecord = {
          id: createId(idPrefixes.raiseRequest),
          limitId,
          askedById: nameAsker(caller),
          askedByName: caller.name,
          amount,
          reason,
          state: "open",
          decidedByName: null,
          note: null,
          version: 1,
          createdAt: work.now,
          decidedAt: null,
        };
        await insertRaise(work.tx, raise);
        await webhook.announce(work.tx, toRaiseEvent(raise, limit));
        work.afterCommit(webhook.wake);
        const view = showRaise(raise);
        work.changed({ kind: "raise-request", id: raise.id, name: nameLimit(limit), before: null, after: view });
        return view;
      },
    }),
    eraseHandler({
      operation: listRaiseRequests,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await listRaises(tx, caller, input);
        return { items: rows.map(showRaise), nextCursor };
      },
    }),
    eraseHandler({
      operation: decideRaiseRequest,
      async handle(caller, { id, version, decision, amount, note = null }, work) {
        requireAccess(caller, decideRaiseRequest.action);
        const before = await lockRaise(work.tx, id);
        if (before === undefined)
          throw new AppError("not_found", `There is no raise request "${id}".`, { param: "id" });
        requireVersion("raise request", before.version, version);
        if (before.state !== "open") {
          throw new AppError("conflict", `This request was ${before.state} by ${before.decidedByName}.`);
        }
        const isGranted = decision === "grant";
        const after: RaiseRecord = {
          ...before,
          state: isGranted ? "granted" : "declined",
          decidedByName: caller.name,
          note,
          version: before.version + 1,
          decidedAt: work.now,
        };
        await updateRaise(work.tx, after);
        const limit = await requireLimit(store, work.tx, before.limitId, "lock");
        const view = showRaise(after);
        work.changed({ kind: "raise-request", id, name: nameLimit(limit), before: showRaise(before), after: view });
        if (!isGranted) return view;
        const raised = changeLimit(limit, { amount: amount ?? before.amount }, work.now);
        await store.update(work.tx, raised);
        const name = nameLimit(limit);
        const [was, is] = [limit, raised].map(({ amount: value, version: at }) => ({ amount: value, version: at }));
        work.changed({ kind: "limit", id: limit.id, name, before: was ?? null, after: is ?? null });
        work.afterCommit(onChanged);
        return view;
      },
    }),
  ];
}

function requireMore(limit: LimitRecord, amount: number): void {
  if (amount > limit.amount) return;
  throw new AppError("invalid_request", `amount: the limit is ${limit.amount} already; ask for more.`, {
    param: "amount",
  });
}
