// Does what wire/operations/shares.ts declares.

import { actionNames, type Action, type ResourceLevel } from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import { listShares, removeShare, setShare, type ShareView } from "@auxot/wire/operations/shares";
import type { Directory } from "../../../operations/directory.ts";
import { eraseHandler, type AnyOperationHandler } from "../../../operations/handler.ts";
import type { NamedResource, ResourceFinders } from "../../../operations/resources.ts";
import { listLevels, may, requireAccess } from "../../../platform/access/may.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { deleteShare, findShare, listShareRows, putShare, type ShareRow } from "./store.ts";

export type ShareDeps = {
  readonly directory: Directory;
  /** The kinds of things that can be shared. */
  readonly shareable: ResourceFinders;
};

/** The handlers of `shares.*`. */
export function createShareOperations({ directory, shareable }: ShareDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listShares,
      async handle(caller, input, { tx }) {
        await requireThing(tx, shareable, caller, "shares.read", input);
        const { rows, nextCursor } = await listShareRows(tx, input);
        const names = await directory.nameAll(
          tx,
          rows.map(({ grantee }) => grantee),
        );
        return { items: rows.map((row) => toView(row, names.get(row.grantee) ?? row.grantee)), nextCursor };
      },
    }),
    eraseHandler({
      operation: setShare,
      async handle(caller, { kind, id, to, level }, work) {
        const thing = await requireThing(work.tx, shareable, caller, "shares.edit", { kind, id });
        if (to !== "org") await directory.require(work.tx, to, "to");
        requireLevelWithin(caller, thing, to, level);
        const name = (await directory.nameAll(work.tx, [to])).get(to) ?? to;
        const before = await findShare(work.tx, { kind, resourceId: id, grantee: to });
        const after = { kind, resourceId: id, grantee: to, level, createdAt: before?.createdAt ?? work.now };
        await putShare(work.tx, after);
        const view = toView(after, name);
        work.changed({
          kind: "share",
          id: `${kind}/${id}/${to}`,
          name: thing.name,
          before: before === undefined ? null : toView(before, name),
          after: view,
        });
        return view;
      },
    }),
    eraseHandler({
      operation: removeShare,
      async handle(caller, { kind, id, to }, work) {
        const thing = await requireThing(work.tx, shareable, caller, "shares.edit", { kind, id });
        const key = { kind, resourceId: id, grantee: to };
        const before = await findShare(work.tx, key);
        if (before === undefined) throw new AppError("not_found", `${thing.name} is not shared with "${to}".`);
        await deleteShare(work.tx, key);
        const view = toView(before, (await directory.nameAll(work.tx, [to])).get(to) ?? to);
        work.changed({ kind: "share", id: `${kind}/${id}/${to}`, name: thing.name, before: view, after: null });
        return view;
      },
    }),
  ];
}

async function requireThing(
  tx: Executor,
  shareable: ResourceFinders,
  caller: Caller,
  action: Action,
  { kind, id }: { readonly kind: string; readonly id: string },
): Promise<NamedResource> {
  const find = shareable.get(kind);
  if (find === undefined) {
    const kinds = [...shareable.keys()].join(", ");
    throw new AppError("invalid_request", `kind: "${kind}" cannot be shared. What can: ${kinds}.`, { param: "kind" });
  }
  const thing = await find(tx, id);
  requireAccess(caller, action, thing ?? { kind, id, ownerId: null, teamId: null });
  if (thing === undefined) throw new AppError("not_found", `There is no ${kind} with the id "${id}".`);
  return thing;
}

/** Nobody shares more than they may do with the thing, by the key they ask with. */
function requireLevelWithin(caller: Caller, thing: NamedResource, to: string, level: ResourceLevel): void {
  const nouns = [`${thing.kind}s.`, "shares.", "access."];
  const opened = actionNames.filter(
    (action) => nouns.some((noun) => action.startsWith(noun)) && listLevels(action).includes(level),
  );
  const excess = opened.find((action) => !may(caller, action, thing).allowed);
  if (excess === undefined) return;
  throw new AppError("forbidden", `level: would let ${to} do "${excess}", which "${caller.name}" may not.`, {
    param: "level",
  });
}

function toView({ kind, resourceId, grantee, level, createdAt }: ShareRow, name: string): ShareView {
  return { kind, resourceId, to: grantee, name, level, createdAt: createdAt.toISOString() };
}
