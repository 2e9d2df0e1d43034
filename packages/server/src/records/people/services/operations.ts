// Does what wire/operations/service-accounts.ts declares.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import {
  createServiceAccount,
  disableServiceAccount,
  enableServiceAccount,
  getServiceAccount,
  listServiceAccounts,
  updateServiceAccount,
  type ServiceAccountView,
} from "@auxot/wire/operations/service-accounts";
import type { Action } from "@auxot/wire/access";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import { listGrants } from "../../../operations/store.ts";
import { requireAccess, type Resource } from "../../../platform/access/may.ts";
import type { Caller } from "../../../platform/caller.ts";
import type { Executor } from "../../../store/database.ts";
import { putTeamMember } from "../members/store.ts";
import { tellRights, type ForgetCallers } from "../rights-news.ts";
import { requireTeam } from "../teams/operations.ts";
import {
  getServiceRow,
  insertService,
  listServiceRows,
  lockService,
  updateServiceRow,
  type ServiceRow,
} from "./store.ts";

export type ServiceDeps = { readonly forgetCallers: ForgetCallers };

/** The handlers of `service-accounts.*`. */
export function createServiceOperations(deps: ServiceDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listServiceAccounts,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await listServiceRows(tx, caller, input);
        return { items: rows.map(toView), nextCursor };
      },
    }),
    eraseHandler({
      operation: getServiceAccount,
      async handle(caller, { id }, { tx }) {
        return toView(await findFor(tx, caller, "service-accounts.read", id));
      },
    }),
    createHandler(deps),
    eraseHandler({
      operation: updateServiceAccount,
      async handle(caller, { id, version, ...changes }, work) {
        await lockService(work.tx, id);
        const before = await findFor(work.tx, caller, "service-accounts.edit", id);
        requireVersion("service account", before.version, version);
        const { name = before.name, description = before.description } = changes;
        return change(work, before, { name, description });
      },
    }),
    eraseHandler({
      operation: disableServiceAccount,
      async handle(caller, { id }, work) {
        await lockService(work.tx, id);
        const before = await findFor(work.tx, caller, "service-accounts.edit", id);
        if (before.disabledAt !== null) return toView(before);
        await tellRights(work, deps.forgetCallers);
        return change(work, before, { disabledAt: work.now });
      },
    }),
    eraseHandler({
      operation: enableServiceAccount,
      async handle(caller, { id }, work) {
        await lockService(work.tx, id);
        const before = await findFor(work.tx, caller, "service-accounts.edit", id);
        if (before.disabledAt === null) return toView(before);
        await tellRights(work, deps.forgetCallers);
        return change(work, before, { disabledAt: null });
      },
    }),
  ];
}

function createHandler({ forgetCallers }: ServiceDeps): AnyOperationHandler {
  return eraseHandler({
    operation: createServiceAccount,
    async handle(caller, { name, description, team: teamId = null }, work) {
      const id = createId(idPrefixes.service);
      requireAccess(caller, "service-accounts.edit", { kind: "service account", id, ownerId: null, teamId });
      if (teamId !== null) await requireTeam(work.tx, teamId);
      await insertService(work.tx, { id, name, description, teamId, createdAt: work.now });
      if (teamId !== null) {
        await putTeamMember(work.tx, { teamId, memberId: id, role: "member", createdAt: work.now });
        await tellRights(work, forgetCallers);
      }
      return tell(work, null, await requireService(work.tx, id));
    },
  });
}

/** Throws `not_found`, also to whoever may not know that it is there. */
async function findFor(tx: Executor, caller: Caller, action: Action, id: string): Promise<ServiceRow> {
  const row = await getServiceRow(tx, id);
  requireAccess(caller, action, {
    kind: "service account",
    id,
    ownerId: row === undefined ? null : id,
    teamId: row?.teamId ?? null,
    grants: await listGrants(tx, "service-account", id),
  });
  return row ?? (await requireService(tx, id));
}

async function requireService(tx: Executor, id: string): Promise<ServiceRow> {
  const row = await getServiceRow(tx, id);
  if (row === undefined) throw new AppError("not_found", `There is no service account with the id "${id}".`);
  return row;
}

/** What `may` asks of a service account; undefined: there is none. */
export async function findServiceResource(
  tx: Executor,
  id: string,
): Promise<(Resource & { readonly name: string }) | undefined> {
  const row = await getServiceRow(tx, id);
  if (row === undefined) return undefined;
  const grants = await listGrants(tx, "service-account", id);
  return { kind: "service-account", id, ownerId: id, teamId: row.teamId, grants, name: row.name };
}

async function change(
  work: Work,
  before: ServiceRow,
  changes: Parameters<typeof updateServiceRow>[2],
): Promise<ServiceAccountView> {
  await updateServiceRow(work.tx, before.id, changes);
  return tell(work, before, await requireService(work.tx, before.id));
}

function tell(work: Work, before: ServiceRow | null, after: ServiceRow): ServiceAccountView {
  const view = toView(after);
  work.changed({
    kind: "service-account",
    id: after.id,
    name: after.name,
    before: before && toView(before),
    after: view,
  });
  return view;
}

function toView(row: ServiceRow): ServiceAccountView {
  return { ...row, createdAt: row.createdAt.toISOString(), disabledAt: row.disabledAt?.toISOString() ?? null };
}
