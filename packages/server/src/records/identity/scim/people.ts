// Owns the people of a directory: made, changed, deactivated and given up as it says.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { Work } from "../../../operations/handler.ts";
import type { Executor } from "../../../store/database.ts";
import type { OrganisationStore } from "../organisation/store.ts";
import type { Deactivation } from "../users/deactivation.ts";
import type { TakeSeat } from "../users/seats.ts";
import type { User, UserStore } from "../users/store.ts";
import { readPatch } from "./patch.ts";
import { changePerson, readPerson } from "./read-person.ts";
import type { PersonRow, ScimStore } from "./store.ts";
import { schemaNames, ScimError, type ScimJson, type ScimPerson } from "./words.ts";

export type ScimPeople = {
  create(work: Work, body: ScimJson): Promise<PersonRow>;
  /** Throws `not_found`. */
  require(tx: Executor, id: string): Promise<PersonRow>;
  replace(work: Work, id: string, body: ScimJson): Promise<PersonRow>;
  patch(work: Work, id: string, body: ScimJson): Promise<PersonRow>;
  /** The account is deactivated, has no role and no team any more, and stays, because keys and history point at it; the directory sees it no more. */
  remove(work: Work, id: string): Promise<void>;
};

export function createScimPeople(deps: {
  readonly store: ScimStore;
  readonly users: UserStore;
  readonly organisation: OrganisationStore;
  readonly deactivation: Deactivation;
  readonly sessions: { forget(): Promise<void> };
  readonly takeSeat: TakeSeat;
}): ScimPeople {
  const { store, users, organisation, deactivation, sessions } = deps;

  async function require(tx: Executor, id: string): Promise<PersonRow> {
    const row = await store.findPerson(tx, id);
    if (row === undefined) throw new AppError("not_found", `There is no user "${id}".`);
    return row;
  }

  async function requireUser(tx: Executor, id: string): Promise<User> {
    const user = await users.find(id, tx);
    if (user === undefined) throw new AppError("not_found", `There is no user "${id}".`);
    return user;
  }

  /** Brings account and record to what the directory says. */
  async function bring(work: Work, id: string, said: ScimPerson, before: PersonRow | null): Promise<PersonRow> {
    const { tx, now, afterCommit } = work;
    await store.putPerson(tx, id, said, now);
    const user = await requireUser(tx, id);
    if (user.email !== said.email && user.orgRole === "owner") throw explainOwner(user);
    if (user.email !== said.email || user.name !== said.displayName) {
      await users.update(tx, id, { email: said.email, name: said.displayName }, now);
      afterCommit(() => sessions.forget());
    }
    if (said.active) await deactivation.activate(work, user);
    else await deactivation.deactivate(work, user);
    const after = await require(tx, id);
    work.changed({
      kind: "user",
      id,
      name: after.displayName,
      before: before && summarize(before),
      after: summarize(after),
    });
    return after;
  }

  async function change(work: Work, id: string, read: (before: PersonRow) => ScimPerson): Promise<PersonRow> {
    const before = await require(work.tx, id);
    const said = read(before);
    if ((await store.findTaken(work.tx, said, id)) !== undefined) throw explainTaken(said);
    return bring(work, id, said, before);
  }

  return {
    require,
    async create(work, body) {
      const { tx, now: createdAt } = work;
      const said = readPerson(body);
      const taken = await store.findTaken(tx, said, "");
      if (taken?.removed === true) return bring(work, taken.id, said, null);
      if (taken !== undefined) throw explainTaken(said);
      if (said.active) await deps.takeSeat(tx);
      const id = createId(idPrefixes.user);
      const { email, displayName: name } = said;
      const made = await users.insert(tx, { id, email, emailVerified: true, name, origin: "scim", createdAt });
      if (made === undefined) throw explainTaken(said);
      return bring(work, id, said, null);
    },
    // What is not said of being active stays: nobody is let in again by a new name.
    replace: (work, id, body) => change(work, id, ({ active }) => readPerson({ active, ...body })),
    patch: (work, id, body) => change(work, id, (before) => changePerson(before, readPatch(body))),
    async remove(work, id) {
      const before = await require(work.tx, id);
      await deactivation.deactivate(work, await requireUser(work.tx, id));
      await organisation.strip(work.tx, id);
      await store.leaveGroups(work.tx, id);
      await store.removePerson(work.tx, before, work.now);
      work.changed({ kind: "user", id, name: before.displayName, before: summarize(before), after: null });
    },
  };
}

/** RFC 7643 §4.1. */
export function writePerson(row: PersonRow, baseUrl: string): ScimJson {
  const { id, userName, externalId, email, displayName, givenName, familyName, active } = row;
  const formatted = [givenName, familyName].filter((one) => one !== null).join(" ");
  return {
    schemas: [schemaNames.user],
    id,
    ...(externalId === null ? {} : { externalId }),
    userName,
    displayName,
    name: {
      formatted: formatted === "" ? displayName : formatted,
      ...(givenName === null ? {} : { givenName }),
      ...(familyName === null ? {} : { familyName }),
    },
    emails: [{ value: email, type: "work", primary: true }],
    active,
    meta: {
      resourceType: "User",
      created: row.createdAt.toISOString(),
      lastModified: row.updatedAt.toISOString(),
      location: `${baseUrl}/Users/${id}`,
      version: `W/"${row.version}"`,
    },
  };
}

function summarize({ userName, externalId, email, displayName, active }: PersonRow): Record<string, unknown> {
  return { userName, externalId, email, displayName, active };
}

/** Whoever has the new address could sign in as the owner, by a mailed link or an identity provider. */
function explainOwner({ name }: User): ScimError {
  return new ScimError(
    "mutability",
    `${name} owns this organisation, and a directory cannot change an owner's address. Make them an administrator first.`,
  );
}

function explainTaken({ userName, email }: ScimPerson): ScimError {
  return new ScimError("uniqueness", `There is a user with the name "${userName}" or the address ${email} already.`);
}
