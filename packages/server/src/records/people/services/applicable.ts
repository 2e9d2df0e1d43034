// Service accounts as a file declares them: by name and team. Everything is done by the operations on them.

import { orgRoles } from "@auxot/wire/access";
import { setOrgMember } from "@auxot/wire/operations/org-members";
import {
  createServiceAccount,
  disableServiceAccount,
  enableServiceAccount,
  listServiceAccounts,
  updateServiceAccount,
} from "@auxot/wire/operations/service-accounts";
import { z } from "zod";
import { asSeen, findChanged, requireSame, type AnyApplicable } from "../../../operations/applicable.ts";
import { createApplicable } from "../../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler } from "../../../operations/handler.ts";

const entrySchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  description: z.string().trim().max(2000).default(""),
  /** Name of the team it belongs to. */
  team: z.string().trim().min(1).max(200).nullable().default(null),
  /** In the organisation. */
  orgRole: z.enum(orgRoles).nullable().default(null),
  disabled: z.boolean().default(false),
});
type Entry = z.infer<typeof entrySchema>;

/** `handlers` has those of service accounts and of roles in the organisation. `team` of a plain entry is an id. */
export function createServiceApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listServiceAccounts);
  const create = chooseOperation(handlers, createServiceAccount);
  const update = chooseOperation(handlers, updateServiceAccount);
  const disable = chooseOperation(handlers, disableServiceAccount);
  const enable = chooseOperation(handlers, enableServiceAccount);
  const setRole = chooseOperation(handlers, setOrgMember);
  return createApplicable<Entry, Entry>({
    noun: "service-accounts",
    kind: "service-account",
    entry: entrySchema,
    hasIds: true,
    called: {
      kind: "service",
      async list(caller, work, names) {
        const accounts = await list.all(caller, {}, work);
        const called = accounts.map(async ({ id, name, teamId }) => {
          const team = teamId === null ? undefined : await names.tellTeam(teamId);
          // A team that has to be told by its id lends no name.
          return { id, name, ...(team === undefined || team === teamId ? {} : { label: `${team}/${name}` }) };
        });
        return Promise.all(called);
      },
    },
    async read(entry, names, at) {
      return { ...entry, team: entry.team === null ? null : await names.findTeam(entry.team, at("team")) };
    },
    write: async (entry, names) => ({
      ...entry,
      team: entry.team === null ? null : ((await names.tellTeam(entry.team)) ?? entry.team),
    }),
    identify: ({ name, team }) => JSON.stringify([team, name]),
    title: async ({ name, team }, names) => (team === null ? name : `${(await names.tellTeam(team)) ?? team}/${name}`),
    async list(caller, work) {
      return (await list.all(caller, {}, work)).map(
        ({ id, version, name, description, teamId, orgRole, disabledAt }) => {
          return { id, version, entry: { name, description, team: teamId, orgRole, disabled: disabledAt !== null } };
        },
      );
    },
    async create(caller, { name, description, team, orgRole, disabled }, work) {
      const { id } = await create.run(caller, { name, description, ...(team === null ? {} : { team }) }, work);
      if (orgRole !== null) await setRole.run(caller, { member: id, role: orgRole }, work);
      if (disabled) await disable.run(caller, { id }, work);
      return { id };
    },
    async update(caller, before, entry, work) {
      requireSame(before.entry, entry, ["team"]);
      const { id } = before;
      const changed = findChanged(before.entry, entry, ["name", "description"]);
      if (Object.keys(changed).length > 0) await update.run(caller, { id, ...changed, ...asSeen(before) }, work);
      if (before.entry.orgRole !== entry.orgRole) {
        await setRole.run(caller, { member: id, role: entry.orgRole ?? "none" }, work);
      }
      if (before.entry.disabled !== entry.disabled) await (entry.disabled ? disable : enable).run(caller, { id }, work);
    },
    async remove(caller, { id, entry }, work) {
      // The books go on naming it: it is never gone.
      if (!entry.disabled) await disable.run(caller, { id }, work);
    },
  });
}
