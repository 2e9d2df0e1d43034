// What is kept of requests' contents, as a file declares it: for the organisation and for teams. Everything is done by the
// operations on it.

import {
  contentLevels,
  listContentSettings,
  removeContentSetting,
  setContentSetting,
} from "@auxot/wire/operations/request-log";
import { z } from "zod";
import { asSeen, type AnyApplicable } from "../../operations/applicable.ts";
import { createApplicable } from "../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler } from "../../operations/handler.ts";
import { referenceSchema } from "../../operations/names.ts";

const entrySchema = z.strictObject({
  scope: referenceSchema(["team"], "or org"),
  level: z.enum(contentLevels),
  retentionDays: z.int().min(1).max(3650).default(30),
  words: z.array(z.string().trim().min(3).max(200)).max(1000).default([]),
});
type Entry = z.infer<typeof entrySchema>;

/** `handlers` has those of content logging. `scope` of a plain entry is a team's id, or `org`. */
export function createContentApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listContentSettings);
  const set = chooseOperation(handlers, setContentSetting);
  const remove = chooseOperation(handlers, removeContentSetting);
  return createApplicable<Entry, Omit<Entry, "scope"> & { readonly scope: string }>({
    noun: "content-logging",
    kind: "content-setting",
    entry: entrySchema,
    read: async (entry, names, at) => ({ ...entry, scope: await names.find(entry.scope, at("scope")) }),
    write: async (entry, names) => ({ ...entry, scope: (await names.tell(entry.scope)) ?? entry.scope }),
    identify: ({ scope }) => scope,
    title: ({ scope }, names) => names.call(scope),
    async list(caller, work, names) {
      const { items } = await list.run(caller, {}, work);
      const found = items.map(async ({ scope, level, retentionDays, words, version }) => {
        const isGone = (await names.tell(scope)) === undefined;
        return { id: scope, version, isGone, entry: { scope, level, retentionDays, words } };
      });
      return Promise.all(found);
    },
    async create(caller, entry, work) {
      await set.run(caller, entry, work);
      return { id: entry.scope };
    },
    update: async (caller, before, entry, work) => void (await set.run(caller, { ...entry, ...asSeen(before) }, work)),
    remove: async (caller, { id }, work) => void (await remove.run(caller, { scope: id }, work)),
  });
}
