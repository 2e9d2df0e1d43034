// Owns the groups of a directory. Each is a team: its members join and leave the team with it; people an administrator put
// into the team stay.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Work } from "../../../operations/handler.ts";
import type { Executor } from "../../../store/database.ts";
import type { OrganisationStore } from "../organisation/store.ts";
import { parseFilter } from "./filter.ts";
import { readPatch, readText, type PatchChange } from "./patch.ts";
import type { GroupRow, MemberRow, ScimStore } from "./store.ts";
import { schemaNames, ScimError, type ScimJson } from "./words.ts";

export type ScimGroup = GroupRow & { readonly members: readonly MemberRow[] };

export type ScimGroups = {
  create(work: Work, body: ScimJson): Promise<ScimGroup>;
  /** Throws `not_found`. */
  require(tx: Executor, id: string): Promise<ScimGroup>;
  replace(work: Work, id: string, body: ScimJson): Promise<ScimGroup>;
  patch(work: Work, id: string, body: ScimJson): Promise<ScimGroup>;
  /** Its members leave the team, which stays with all it has. */
  remove(work: Work, id: string): Promise<void>;
};

type Wanted = { readonly displayName: string; readonly externalId: string | null; readonly members: readonly string[] };

export function createScimGroups(deps: {
  readonly store: ScimStore;
  readonly organisation: OrganisationStore;
  readonly sessions: { forget(): Promise<void> };
}): ScimGroups {
  const { store, organisation, sessions } = deps;

  async function require(tx: Executor, id: string): Promise<ScimGroup> {
    const group = await store.findGroup(tx, id);
    if (group === undefined) throw new AppError("not_found", `There is no group "${id}".`);
    return { ...group, members: await store.listMembers(tx, [id]) };
  }

  async function requirePeople(tx: Executor, ids: readonly string[]): Promise<void> {
    const known = await store.findKnown(tx, ids);
    const unknown = ids.find((id) => !known.has(id));
    if (unknown !== undefined) throw new ScimError("invalidValue", `members: there is no user "${unknown}".`);
  }

  async function bring(work: Work, before: ScimGroup, wanted: Wanted, isNew: boolean): Promise<ScimGroup> {
    const { tx, now } = work;
    const held = before.members.map(({ userId }) => userId);
    const added = wanted.members.filter((id) => !held.includes(id));
    const dropped = held.filter((id) => !wanted.members.includes(id));
    await requirePeople(tx, added);
    const teamId = await bringTeam(work, before, wanted.displayName);
    await store.updateGroup(
      tx,
      before.id,
      { displayName: wanted.displayName, externalId: wanted.externalId, teamId },
      now,
    );
    await store.addMembers(tx, before.id, added);
    await store.dropMembers(tx, before.id, dropped);
    const moves = teamId !== before.teamId;
    for (const id of moves ? held : dropped) await leave(tx, id, before.teamId, before.id);
    await organisation.join(tx, moves ? wanted.members : added, [{ teamId, role: "member" }], now);
    work.afterCommit(() => sessions.forget());
    const after = await require(tx, before.id);
    work.changed({
      kind: "group",
      id: after.id,
      name: after.displayName,
      before: isNew ? null : summarize(before),
      after: summarize(after),
    });
    return after;
  }

  /** A group that has its team with another one leaves it with a new name, and the team keeps its own. */
  async function bringTeam({ tx, now, changed }: Work, before: ScimGroup, name: string): Promise<string> {
    const isOurs = before.displayName === name || !(await store.isShared(tx, before));
    const { id, formerName } = await organisation.ensureTeam(tx, { id: isOurs ? before.teamId : null, name }, now);
    if (formerName !== undefined) {
      changed({ kind: "team", id, name, before: formerName === null ? null : { name: formerName }, after: { name } });
    }
    return id;
  }

  /** Two groups of one name are one team: whoever is in the other one stays. */
  async function leave(tx: Executor, userId: string, teamId: string | null, groupId: string): Promise<void> {
    if (teamId === null || (await store.listTeamsOf(tx, userId, groupId)).includes(teamId)) return;
    await organisation.leave(tx, userId, [teamId]);
  }

  return {
    require,
    async create(work, body) {
      await store.lockGroups(work.tx);
      const wanted = readGroup(body);
      const id = createId(idPrefixes.scimGroup);
      const { displayName, externalId } = wanted;
      await store.insertGroup(work.tx, { id, displayName, externalId, teamId: null, createdAt: work.now });
      return bring(work, await require(work.tx, id), wanted, true);
    },
    async replace(work, id, body) {
      await store.lockGroups(work.tx);
      return bring(work, await require(work.tx, id), readGroup(body), false);
    },
    async patch(work, id, body) {
      await store.lockGroups(work.tx);
      const before = await require(work.tx, id);
      return bring(work, before, changeGroup(before, readPatch(body)), false);
    },
    async remove(work, id) {
      await store.lockGroups(work.tx);
      const before = await require(work.tx, id);
      for (const { userId } of before.members) {
        await leave(work.tx, userId, before.teamId, id);
      }
      await store.removeGroup(work.tx, id);
      work.afterCommit(() => sessions.forget());
      work.changed({ kind: "group", id, name: before.displayName, before: summarize(before), after: null });
    },
  };
}

function readGroup(body: ScimJson): Wanted {
  const displayName = readText(body["displayName"], "displayName");
  if (displayName === undefined) throw new ScimError("invalidValue", "displayName is required.");
  return {
    displayName: displayName.slice(0, 100),
    externalId: readText(body["externalId"], "externalId") ?? null,
    members: readMembers(body["members"]),
  };
}

function changeGroup({ displayName, externalId, members }: ScimGroup, changes: readonly PatchChange[]): Wanted {
  const wanted = { displayName, externalId, members: members.map(({ userId }) => userId) };
  for (const change of changes) {
    if (change.path === "displayname")
      wanted.displayName = readText(change.value, "displayName")?.slice(0, 100) ?? wanted.displayName;
    else if (change.path === "externalid") wanted.externalId = readText(change.value, "externalId") ?? null;
    else if (change.path === "members" || change.path === "members.value")
      wanted.members = changeMembers(wanted.members, change);
  }
  return wanted;
}

/** Without filter and value a remove means all: RFC 7644 §3.5.2.2. */
function changeMembers(held: readonly string[], { op, filter, value }: PatchChange): string[] {
  if (op === "remove") {
    const gone = filter === undefined ? readMembers(value) : parseFilter(filter).map((one) => one.value);
    return filter === undefined && gone.length === 0 ? [] : held.filter((id) => !gone.includes(id));
  }
  const given = readMembers(value);
  return [...new Set(op === "replace" ? given : [...held, ...given])];
}

/** `[{value}]`, `{value}` or ids alone. */
function readMembers(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (entries.length > 10_000) throw new ScimError("invalidValue", "members: 10000 at once at most.");
  return [...new Set(entries.flatMap((entry) => readText(entry, "members.value") ?? []))];
}

/** RFC 7643 §4.2. */
export function writeGroup(group: ScimGroup, baseUrl: string, withMembers: boolean): ScimJson {
  const { id, externalId, displayName, members } = group;
  return {
    schemas: [schemaNames.group],
    id,
    ...(externalId === null ? {} : { externalId }),
    displayName,
    ...(withMembers
      ? {
          members: members.map(({ userId, name }) => ({
            value: userId,
            display: name,
            type: "User",
            $ref: `${baseUrl}/Users/${userId}`,
          })),
        }
      : {}),
    meta: {
      resourceType: "Group",
      created: group.createdAt.toISOString(),
      lastModified: group.updatedAt.toISOString(),
      location: `${baseUrl}/Groups/${id}`,
      version: `W/"${group.version}"`,
    },
  };
}

function summarize({ displayName, externalId, teamId, members }: ScimGroup): Record<string, unknown> {
  return { displayName, externalId, teamId, members: members.map(({ userId }) => userId) };
}
