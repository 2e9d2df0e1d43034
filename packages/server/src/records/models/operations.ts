// Does what wire/operations/models.ts declares of the organisation's own names for models and of who sees which.

import { AppError } from "@auxot/wire/errors";
import {
  listAliases,
  listVisibility,
  removeAlias,
  setAlias,
  setVisibility,
  type AliasView,
} from "@auxot/wire/operations/models";
import type { Directory } from "../../operations/directory.ts";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import {
  announceModels,
  deleteAlias,
  findAlias,
  findVisibility,
  listAliasRows,
  listVisibilityRows,
  lockModels,
  putAlias,
  putVisibility,
  type AliasRow,
} from "./store.ts";

export type ModelOperationsDeps = {
  readonly directory: Directory;
  /** This router reads the settings anew. */
  reload(): Promise<void>;
};

/** The handlers of `model-aliases.*` and of what models are kept to teams. */
export function createModelOperations(deps: ModelOperationsDeps): readonly AnyOperationHandler[] {
  return [...createAliasOperations(deps), ...createVisibilityOperations(deps)];
}

function createAliasOperations({ reload }: ModelOperationsDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listAliases,
      async handle(_, input, { tx }) {
        const { rows, nextCursor } = await listAliasRows(tx, input);
        return { items: rows.map(toView), nextCursor };
      },
    }),
    eraseHandler({
      operation: setAlias,
      async handle(caller, { version, ...input }, work) {
        requireAccess(caller, "models.edit");
        await lockModels(work.tx);
        const before = await findAlias(work.tx, input.name);
        requireVersion("name", before?.version ?? 0, version);
        if (input.name === "auto") {
          throw new AppError(
            "invalid_request",
            'name: "auto" has its own meaning; set defaultModel of routing instead.',
            {
              param: "name",
            },
          );
        }
        await putAlias(work.tx, input, work.now);
        return tell(work, reload, before, { ...input, version: (before?.version ?? 0) + 1 });
      },
    }),
    eraseHandler({
      operation: removeAlias,
      async handle(caller, { name }, work) {
        requireAccess(caller, "models.edit");
        await lockModels(work.tx);
        const before = await findAlias(work.tx, name);
        if (before === undefined) {
          throw new AppError("not_found", `The organisation has no name "${name}" of its own.`, { param: "name" });
        }
        await deleteAlias(work.tx, name);
        await tell(work, reload, before, undefined);
        return toView(before);
      },
    }),
  ];
}

function createVisibilityOperations({ directory, reload }: ModelOperationsDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listVisibility,
      async handle(caller, input, { tx }) {
        requireAccess(caller, "models.edit");
        const { rows, nextCursor } = await listVisibilityRows(tx, input);
        return { items: rows.map(({ model, teams }) => ({ model, teams: [...teams] })), nextCursor };
      },
    }),
    eraseHandler({
      operation: setVisibility,
      async handle(caller, { model, teams }, work) {
        requireAccess(caller, "models.edit");
        await lockModels(work.tx);
        const before = await findVisibility(work.tx, model);
        for (const [at, id] of (teams ?? []).entries()) {
          const { type } = await directory.require(work.tx, id, `teams.${at}`);
          if (type === "team") continue;
          throw new AppError("invalid_request", `teams.${at}: "${id}" is no team.`, { param: `teams.${at}` });
        }
        const after = { model, teams: teams && [...new Set(teams)] };
        await putVisibility(work.tx, model, after.teams, work.now);
        await announceModels(work.tx);
        work.afterCommit(reload);
        const old = before === undefined ? null : { ...before };
        work.changed({ kind: "model-visibility", id: model, name: model, before: old, after: teams && after });
        return after;
      },
    }),
  ];
}

async function tell(
  work: Work,
  reload: () => Promise<void>,
  before: AliasRow | undefined,
  after: AliasRow | undefined,
): Promise<AliasView> {
  await announceModels(work.tx);
  work.afterCommit(reload);
  const [was, is] = [before && toView(before), after && toView(after)];
  const name = after?.name ?? before?.name ?? "";
  work.changed({ kind: "model-alias", id: name, name, before: was ?? null, after: is ?? null });
  return is ?? was ?? { name, models: [], order: "listed", version: 0 };
}

function toView({ name, models, order, version }: AliasRow): AliasView {
  return { name, models: [...models], order, version };
}
