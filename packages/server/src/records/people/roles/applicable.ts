// The organisation's own roles as a file declares them: by name and team, with who holds them. Everything is done by the
// operations on roles.

import { actionNames } from "@auxot/wire/access";
import {
  createRole,
  giveRole,
  listRoleHolders,
  listRoles,
  removeRole,
  takeRole,
  updateRole,
} from "@auxot/wire/operations/roles";
import { z } from "zod";
import {
  asSeen,
  findChanged,
  readEach,
  refuseRepeated,
  requireSame,
  sortTold,
  type AnyApplicable,
} from "../../../operations/applicable.ts";
import { createApplicable } from "../../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import { referenceSchema } from "../../../operations/names.ts";

const entrySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    description: z.string().trim().max(2000).default(""),
    /** Name of the team whose things it is for; null: everything. */
    team: z.string().trim().min(1).max(200).nullable().default(null),
    actions: z.array(z.enum(actionNames)).min(1).max(actionNames.length),
    /** Left out: the file says nothing of them. */
    holders: z
      .array(referenceSchema(["team", "service", "user"], "not org"))
      .max(1000)
      .optional(),
  })
  // Their order means nothing.
  .transform((entry) => ({ ...entry, actions: [...new Set(entry.actions)].toSorted() }));
type Entry = z.infer<typeof entrySchema>;
type Plain = Omit<Entry, "actions" | "holders"> & {
  readonly actions: readonly string[];
  readonly holders: readonly string[] | undefined;
};

/** `handlers` has those of roles. `team` of a plain entry is an id. */
export function createRoleApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listRoles);
  const listHolders = chooseOperation(handlers, listRoleHolders);
  const create = chooseOperation(handlers, createRole);
  const update = chooseOperation(handlers, updateRole);
  const remove = chooseOperation(handlers, removeRole);
  const give = chooseOperation(handlers, giveRole);
  const take = chooseOperation(handlers, takeRole);
  return createApplicable<Entry, Plain>({
    noun: "roles",
    kind: "role",
    entry: entrySchema,
    hasIds: true,
    async read({ holders: said, team, ...entry }, names, at) {
      const teamId = team === null ? null : await names.findTeam(team, at("team"));
      if (said === undefined) return { ...entry, team: teamId, holders: undefined };
      const found = await readEach(said, async (who, index) => ({ id: await names.find(who, at("holders", index)) }));
      const holders = refuseRepeated(found, "holders", at).map(({ id }) => id);
      return { ...entry, team: teamId, holders: holders.toSorted() };
    },
    async write({ holders = [], team, ...entry }, names) {
      const told = await Promise.all(holders.map((id) => names.tell(id)));
      const written = told.filter((who) => who !== undefined);
      return {
        ...entry,
        team: team === null ? null : ((await names.tellTeam(team)) ?? team),
        ...(written.length === 0 ? {} : { holders: sortTold(written) }),
      };
    },
    identify: ({ name, team }) => JSON.stringify([team, name]),
    title: async ({ name, team }, names) => (team === null ? name : `${(await names.tellTeam(team)) ?? team}/${name}`),
    async list(caller, work) {
      const found = [];
      for (const { id, version, name, description, actions, teamId } of await list.all(caller, {}, work)) {
        const holders = (await listHolders.all(caller, { id }, work)).map(({ holderId }) => holderId).toSorted();
        const sorted = actions.toSorted();
        found.push({ id, version, entry: { name, description, team: teamId, actions: sorted, holders } });
      }
      return found;
    },
    create: (caller, { name, description, actions, team }, work) =>
      create.run(caller, { name, description, actions: toActions(actions), ...(team === null ? {} : { team }) }, work),
    async update(caller, before, entry, work) {
      requireSame(before.entry, entry, ["team"]);
      const { actions, ...changed } = findChanged(before.entry, entry, ["name", "description", "actions"]);
      const wider = actions === undefined ? {} : { actions: toActions(actions) };
      if (Object.keys({ ...changed, ...wider }).length === 0) return;
      await update.run(caller, { id: before.id, ...changed, ...wider, ...asSeen(before) }, work);
    },
    async settle(caller, id, { holders: said, name }, work, { prune }) {
      if (said === undefined) return;
      const told: Work = {
        ...work,
        changed: (change) => {
          const who = (change.after ?? change.before)?.["name"];
          work.changed({ ...change, name: typeof who === "string" ? `${name} for ${who}` : change.name });
        },
      };
      const before = (await listHolders.all(caller, { id }, work)).map(({ holderId }) => holderId);
      for (const holder of said) if (!before.includes(holder)) await give.run(caller, { id, holder }, told);
      if (!prune) return;
      for (const holder of before) if (!said.includes(holder)) await take.run(caller, { id, holder }, told);
    },
    remove: async (caller, { id }, work) => void (await remove.run(caller, { id }, work)),
  });
}

/** A role of an older version may open what this one does not know any more: that is the operation's to refuse. */
function toActions(actions: readonly string[]): (typeof actionNames)[number][] {
  return actions as (typeof actionNames)[number][];
}
