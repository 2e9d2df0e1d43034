// Teams as a file declares them: by name, with who is in them. Everything is done by the operations on teams and their members.

import { teamRoles } from "@auxot/wire/access";
import {
  createTeam,
  listTeamMembers,
  listTeams,
  removeTeam,
  removeTeamMember,
  setTeamMember,
  updateTeam,
} from "@auxot/wire/operations/teams";
import { listServiceAccounts } from "@auxot/wire/operations/service-accounts";
import { z } from "zod";
import {
  asSeen,
  findChanged,
  readEach,
  refuseRepeated,
  sortTold,
  type AnyApplicable,
  type ApplyOptions,
} from "../../../operations/applicable.ts";
import { createApplicable } from "../../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import type { Caller } from "../../../platform/caller.ts";
import { toSlug } from "./slug.ts";

const role = z.enum(teamRoles).default("member");
const text = z.string().trim().min(1).max(200);

const entrySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    /** Made of the name when it is left out. */
    slug: z.string().min(1).max(63).optional(),
    description: z.string().trim().max(2000).default(""),
    /** Left out: the file says nothing of them. */
    members: z
      .array(
        z.union([z.strictObject({ user: text, role }), z.strictObject({ service: text, role })], {
          error: "must be {user: E-MAIL} or {service: NAME}, with a role of owner, admin or member if it is not member",
        }),
      )
      .max(1000)
      .optional(),
  })
  .transform((entry) => ({ ...entry, slug: entry.slug ?? toSlug(entry.name) }));
type Entry = z.infer<typeof entrySchema>;
type Member = { readonly id: string; readonly role: (typeof teamRoles)[number] };
type Plain = Omit<Entry, "members"> & { readonly members: readonly Member[] | undefined };

/** `handlers` has those of teams, members and service accounts. */
export function createTeamApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listTeams);
  const create = chooseOperation(handlers, createTeam);
  const update = chooseOperation(handlers, updateTeam);
  const remove = chooseOperation(handlers, removeTeam);
  const members = createMembers(handlers);
  return createApplicable<Entry, Plain>({
    noun: "teams",
    kind: "team",
    entry: entrySchema,
    hasIds: true,
    called: { kind: "team", list: (caller, work) => list.all(caller, {}, work) },
    async read({ members: said, ...entry }, names, at) {
      if (said === undefined) return { ...entry, members: undefined };
      const found = await readEach(said, async ({ role: held, ...who }, index) => {
        return { id: await names.find(who, at("members", index)), role: held };
      });
      return { ...entry, members: sort(refuseRepeated(found, "members", at)) };
    },
    async write({ members: listed = [], slug, ...entry }, names) {
      const told = listed.map(async ({ id, role: held }) => {
        const who = await names.tell(id);
        return typeof who === "object" ? [{ ...who, ...(held === "member" ? {} : { role: held }) }] : [];
      });
      const written = (await Promise.all(told)).flat();
      return {
        ...entry,
        ...(slug === toSlug(entry.name) ? {} : { slug }),
        ...(written.length === 0 ? {} : { members: sortTold(written) }),
      };
    },
    identify: ({ name }) => name,
    title: ({ name }) => name,
    async list(caller, work) {
      const own = await members.findOwn(caller, work);
      const teams = await list.all(caller, {}, work);
      const found = [];
      for (const { id, version, name, slug, description } of teams) {
        const all = await members.list(caller, id, work);
        const said = all.filter((one) => own.get(one.id) !== id || one.role !== "member");
        found.push({ id, version, entry: { name, slug, description, members: sort(said) } });
      }
      return found;
    },
    create: (caller, { name, slug, description }, work) =>
      create.run(caller, { name, description, ...(slug === "" ? {} : { slug }) }, work),
    async update(caller, before, entry, work) {
      const changed = findChanged(before.entry, entry, ["name", "slug", "description"]);
      if (Object.keys(changed).length === 0) return;
      await update.run(caller, { id: before.id, ...changed, ...asSeen(before) }, work);
    },
    settle: (caller, id, { name, members: said }, work, options) =>
      said === undefined ? Promise.resolve() : members.makeSo(caller, { id, name }, said, work, options),
    remove: async (caller, { id }, work) => void (await remove.run(caller, { id }, work)),
  });
}

function createMembers(handlers: readonly AnyOperationHandler[]) {
  const list = chooseOperation(handlers, listTeamMembers);
  const set = chooseOperation(handlers, setTeamMember);
  const remove = chooseOperation(handlers, removeTeamMember);
  const services = chooseOperation(handlers, listServiceAccounts);

  /** The team that each service account belongs to, whose member it is whatever a file says. */
  async function findOwn(caller: Caller, work: Work): Promise<ReadonlyMap<string, string | null>> {
    return new Map((await services.all(caller, {}, work)).map(({ id, teamId }) => [id, teamId]));
  }

  async function listMembers(caller: Caller, team: string, work: Work): Promise<readonly Member[]> {
    return (await list.all(caller, { team }, work)).map(({ memberId: id, role: held }) => ({ id, role: held }));
  }

  return {
    findOwn,
    list: listMembers,
    async makeSo(
      caller: Caller,
      { id: team, name }: { readonly id: string; readonly name: string },
      said: readonly Member[],
      work: Work,
      { prune }: ApplyOptions,
    ): Promise<void> {
      const told: Work = {
        ...work,
        changed: (change) => work.changed({ ...change, name: `${change.name} in ${name}` }),
      };
      const before = await listMembers(caller, team, work);
      // A team is never without an owner: new ones come first.
      const owners = said.filter(({ role: held }) => held === "owner");
      for (const { id: member, role: held } of [...owners, ...said.filter((one) => !owners.includes(one))]) {
        if (before.find(({ id }) => id === member)?.role === held) continue;
        await set.run(caller, { team, member, role: held }, told);
      }
      if (!prune) return;
      const own = await findOwn(caller, work);
      for (const { id: member, role: held } of before) {
        if (said.some(({ id }) => id === member)) continue;
        if (own.get(member) !== team) await remove.run(caller, { team, member }, told);
        else if (held !== "member") await set.run(caller, { team, member, role: "member" }, told);
      }
    },
  };
}

function sort(members: readonly Member[]): readonly Member[] {
  return members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
