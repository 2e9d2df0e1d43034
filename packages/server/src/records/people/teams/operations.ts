// Does what wire/operations/teams.ts declares of teams themselves.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { createTeam, getTeam, listTeams, removeTeam, updateTeam, type TeamView } from "@auxot/wire/operations/teams";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import type { NamedResource } from "../../../operations/resources.ts";
import { requireAccess, type Resource } from "../../../platform/access/may.ts";
import type { Executor } from "../../../store/database.ts";
import { putTeamMember } from "../members/store.ts";
import { tellRights, type ForgetCallers } from "../rights-news.ts";
import { toSlug } from "./slug.ts";
import {
  deleteTeam,
  findSlugOwner,
  getTeamRow,
  insertTeam,
  listTeamRows,
  lockTeam,
  updateTeamRow,
  type TeamRow,
} from "./store.ts";

export type TeamDeps = {
  readonly forgetCallers: ForgetCallers;
  /** Their keys stop working with the commit. */
  revokeKeysOf(ownerIds: readonly string[], work: Pick<Work, "tx" | "now" | "afterCommit">): Promise<void>;
};

/** The handlers of `teams.*`. */
export function createTeamOperations(deps: TeamDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listTeams,
      async handle(caller, input, { tx }) {
        const { rows, nextCursor } = await listTeamRows(tx, caller, input);
        return { items: rows.map(toView), nextCursor };
      },
    }),
    eraseHandler({
      operation: getTeam,
      async handle(caller, { id }, { tx }) {
        requireAccess(caller, "teams.read", toTeamResource(id));
        return toView(await requireTeam(tx, id));
      },
    }),
    eraseHandler({
      operation: createTeam,
      async handle(caller, { name, slug = toSlug(name), description }, work) {
        requireAccess(caller, "teams.create");
        const id = createId(idPrefixes.team);
        await requireFreeSlug(work.tx, slug, id);
        await insertTeam(work.tx, { id, name, slug, description, createdAt: work.now });
        if (caller.principal.type === "user") {
          const membership = { teamId: id, memberId: caller.principal.id, role: "owner", createdAt: work.now } as const;
          await putTeamMember(work.tx, membership);
          await tellRights(work, deps.forgetCallers);
        }
        return tell(work, null, await requireTeam(work.tx, id));
      },
    }),
    updateHandler(deps),
    eraseHandler({
      operation: removeTeam,
      async handle(caller, { id }, work) {
        requireAccess(caller, "teams.remove", toTeamResource(id));
        await lockTeam(work.tx, id);
        const before = await requireTeam(work.tx, id);
        await deps.revokeKeysOf(await deleteTeam(work.tx, id), work);
        await tellRights(work, deps.forgetCallers);
        const view = toView(before);
        work.changed({ kind: "team", id, name: before.name, before: view, after: null });
        return view;
      },
    }),
  ];
}

function updateHandler(deps: TeamDeps): AnyOperationHandler {
  return eraseHandler({
    operation: updateTeam,
    async handle(caller, { id, version, ...changes }, work) {
      requireAccess(caller, "teams.edit", toTeamResource(id));
      await lockTeam(work.tx, id);
      const before = await requireTeam(work.tx, id);
      requireVersion("team", before.version, version);
      const { name = before.name, slug = before.slug, description = before.description } = changes;
      await requireFreeSlug(work.tx, slug, id);
      await updateTeamRow(work.tx, id, { name, slug, description });
      // Callers carry the names of their teams.
      if (name !== before.name) await tellRights(work, deps.forgetCallers);
      return tell(work, before, await requireTeam(work.tx, id));
    },
  });
}

/** Throws `not_found`. */
export async function requireTeam(tx: Executor, id: string): Promise<TeamRow> {
  const row = await getTeamRow(tx, id);
  if (row === undefined) throw new AppError("not_found", `There is no team with the id "${id}".`);
  return row;
}

/** What `may` asks of a team, and its name; undefined: there is none. */
export async function findTeamResource(tx: Executor, id: string): Promise<NamedResource | undefined> {
  const row = await getTeamRow(tx, id);
  return row && { ...toTeamResource(id), name: row.name };
}

/** What `may` asks of a team. */
export function toTeamResource(id: string): Resource {
  return { kind: "team", id, ownerId: null, teamId: id };
}

async function requireFreeSlug(tx: Executor, slug: string, id: string): Promise<void> {
  if (slug === "") {
    throw new AppError("invalid_request", "slug: is needed, because the name has no Latin letters or digits.", {
      param: "slug",
    });
  }
  if ((await findSlugOwner(tx, slug, id)) === undefined) return;
  throw new AppError("conflict", `slug: another team has "${slug}". Choose another one.`, { param: "slug" });
}

function tell(work: Work, before: TeamRow | null, after: TeamRow): TeamView {
  const view = toView(after);
  work.changed({ kind: "team", id: after.id, name: after.name, before: before && toView(before), after: view });
  return view;
}

function toView(row: TeamRow): TeamView {
  return { ...row, createdAt: row.createdAt.toISOString() };
}
