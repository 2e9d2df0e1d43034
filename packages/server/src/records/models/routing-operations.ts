// Does what wire/operations/models.ts declares of the order in which models are asked.

import { AppError } from "@auxot/wire/errors";
import { listRouting, removeRouting, setRouting, type RoutingView } from "@auxot/wire/operations/models";
import type { Directory } from "../../operations/directory.ts";
import { eraseHandler, requireVersion, type AnyOperationHandler } from "../../operations/handler.ts";
import type { FindResource } from "../../operations/resources.ts";
import { requireAccess, type Resource } from "../../platform/access/may.ts";
import type { Executor } from "../../store/database.ts";
import {
  announceModels,
  deleteRouting,
  findRouting,
  listRoutingRows,
  lockModels,
  putRouting,
  type RoutingRow,
} from "./store.ts";

export type RoutingDeps = {
  readonly directory: Directory;
  readonly findKey: FindResource;
  /** This router reads the settings anew. */
  reload(): Promise<void>;
};

/** The handlers of `routing.*`. */
export function createRoutingOperations(deps: RoutingDeps): readonly AnyOperationHandler[] {
  const { reload } = deps;
  return [
    eraseHandler({
      operation: listRouting,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await listRoutingRows(tx, caller, input);
        const names = await nameSubjects(deps, tx, rows);
        return { items: rows.map((row) => toView(row, names.get(row.subject) ?? row.subject)), nextCursor };
      },
    }),
    eraseHandler({
      operation: setRouting,
      async handle(caller, { version, ...input }, work) {
        const { name, teamId } = await findSubject(deps, work.tx, input.subject);
        requireAccess(caller, "routing.edit", toResource(input.subject, teamId));
        if (name === undefined) throw explainNobody(input.subject);
        await lockModels(work.tx);
        const before = await findRouting(work.tx, input.subject);
        requireVersion("order", before?.version ?? 0, version);
        const after = { ...input, teamId, version: (before?.version ?? 0) + 1 };
        await putRouting(work.tx, after, work.now);
        await announceModels(work.tx);
        work.afterCommit(reload);
        const view = toView(after, name);
        const old = before === undefined ? null : toView(before, name);
        work.changed({ kind: "routing", id: input.subject, name, before: old, after: view });
        return view;
      },
    }),
    eraseHandler({
      operation: removeRouting,
      async handle(caller, { subject }, work) {
        const { name = subject, teamId } = await findSubject(deps, work.tx, subject);
        requireAccess(caller, "routing.edit", toResource(subject, teamId));
        await lockModels(work.tx);
        const before = await findRouting(work.tx, subject);
        if (before === undefined) {
          throw new AppError("not_found", `No order of models is set for "${subject}".`, { param: "subject" });
        }
        await deleteRouting(work.tx, subject);
        await announceModels(work.tx);
        work.afterCommit(reload);
        const view = toView(before, name);
        work.changed({ kind: "routing", id: subject, name, before: view, after: null });
        return view;
      },
    }),
  ];
}

/** `name` undefined: there is no such team, service account or key. */
async function findSubject(
  { directory, findKey }: RoutingDeps,
  tx: Executor,
  subject: string,
): Promise<{ readonly name: string | undefined; readonly teamId: string | null }> {
  if (subject === "org") return { name: "the organisation", teamId: null };
  const found = subject.startsWith("key_") ? await findKey(tx, subject) : await directory.find(tx, subject);
  return { name: found?.name, teamId: found?.teamId ?? null };
}

async function nameSubjects(
  deps: RoutingDeps,
  tx: Executor,
  rows: readonly RoutingRow[],
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const { subject } of rows) names.set(subject, (await findSubject(deps, tx, subject)).name ?? subject);
  return names;
}

function toResource(subject: string, teamId: string | null): Resource {
  return { kind: "routing", id: subject, ownerId: null, teamId };
}

function explainNobody(subject: string): AppError {
  return new AppError(
    "invalid_request",
    `subject: there is no team, service account or key with the id "${subject}".`,
    {
      param: "subject",
    },
  );
}

function toView({ subject, defaultModel, tiers, fallbacks, version }: RoutingRow, name: string): RoutingView {
  return {
    subject,
    name,
    defaultModel,
    tiers: tiers && [...tiers],
    fallbacks: fallbacks && Object.fromEntries(Object.entries(fallbacks).map(([model, list]) => [model, [...list]])),
    version,
  };
}
