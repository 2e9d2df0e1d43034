// What the organisation says of models, as a file declares it: its own names for them, who sees which, and the order in which
// they are asked. Everything is done by the operations on models.

import { tiers } from "@auxot/wire/model-offer";
import {
  listAliases,
  listRouting,
  listVisibility,
  removeAlias,
  removeRouting,
  setAlias,
  setRouting,
  setVisibility,
} from "@auxot/wire/operations/models";
import { z } from "zod";
import { asSeen, readEach, type AnyApplicable } from "../../operations/applicable.ts";
import { createApplicable } from "../../operations/create-applicable.ts";
import { chooseOperation, type AnyOperationHandler } from "../../operations/handler.ts";
import { referenceSchema } from "../../operations/names.ts";

const model = z.string().min(1).max(200);

const aliasSchema = z.strictObject({
  name: model,
  models: z.array(model).min(1).max(50),
  order: z.enum(["listed", "tiers"]).default("listed"),
});
type Alias = z.infer<typeof aliasSchema>;

/** `handlers` has those of models. */
export function createAliasApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listAliases);
  const set = chooseOperation(handlers, setAlias);
  const remove = chooseOperation(handlers, removeAlias);
  return createApplicable<Alias, Alias>({
    noun: "model-aliases",
    kind: "model-alias",
    entry: aliasSchema,
    read: (entry) => Promise.resolve(entry),
    write: (entry) => Promise.resolve(entry),
    identify: ({ name }) => name,
    title: ({ name }) => name,
    async list(caller, work) {
      return (await list.all(caller, {}, work)).map(({ version, ...entry }) => ({ id: entry.name, version, entry }));
    },
    async create(caller, entry, work) {
      await set.run(caller, entry, work);
      return { id: entry.name };
    },
    update: async (caller, before, entry, work) => void (await set.run(caller, { ...entry, ...asSeen(before) }, work)),
    remove: async (caller, { id }, work) => void (await remove.run(caller, { name: id }, work)),
  });
}

const visibilitySchema = z.strictObject({
  model,
  /** Names; none: only administrators see it. */
  teams: z.array(z.string().trim().min(1).max(200)).max(200),
});
type Visibility = z.infer<typeof visibilitySchema>;

/** `handlers` has those of models. `teams` of a plain entry are ids. */
export function createVisibilityApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listVisibility);
  const set = chooseOperation(handlers, setVisibility);
  return createApplicable<Visibility, Visibility>({
    noun: "model-visibility",
    kind: "model-visibility",
    entry: visibilitySchema,
    async read(entry, names, at) {
      const found = await readEach(entry.teams, (team, index) => names.findTeam(team, at("teams", index)));
      return { model: entry.model, teams: [...new Set(found)].toSorted() };
    },
    async write(entry, names) {
      const told = await Promise.all(entry.teams.map((id) => names.tellTeam(id)));
      return { model: entry.model, teams: told.filter((team) => team !== undefined).toSorted() };
    },
    identify: (entry) => entry.model,
    title: (entry) => entry.model,
    async list(caller, work, names) {
      const found = (await list.all(caller, {}, work)).map(async ({ model: id, teams }) => {
        const told = await Promise.all((teams ?? []).map((team) => names.tellTeam(team)));
        // Teams that are gone see nothing any more.
        const left = (teams ?? []).filter((_, index) => told[index] !== undefined);
        return { id, entry: { model: id, teams: left.toSorted() } };
      });
      return Promise.all(found);
    },
    async create(caller, entry, work) {
      await set.run(caller, entry, work);
      return { id: entry.model };
    },
    update: async (caller, _before, entry, work) => void (await set.run(caller, entry, work)),
    remove: async (caller, { id }, work) => void (await set.run(caller, { model: id, teams: null }, work)),
  });
}

const routingSchema = z.strictObject({
  subject: referenceSchema(["team", "service", "key"], "or org"),
  defaultModel: model.nullable().default(null),
  tiers: z.array(z.enum(tiers)).min(1).nullable().default(null),
  fallbacks: z.record(model, z.array(model).min(1).max(20)).nullable().default(null),
});
type Routing = z.infer<typeof routingSchema>;

/** `handlers` has those of routing. `subject` of a plain entry is an id, or `org`. */
export function createRoutingApplicable(handlers: readonly AnyOperationHandler[]): AnyApplicable {
  const list = chooseOperation(handlers, listRouting);
  const set = chooseOperation(handlers, setRouting);
  const remove = chooseOperation(handlers, removeRouting);
  return createApplicable<Routing, Omit<Routing, "subject"> & { readonly subject: string }>({
    noun: "routing",
    kind: "routing",
    entry: routingSchema,
    read: async (entry, names, at) => ({ ...entry, subject: await names.find(entry.subject, at("subject")) }),
    write: async (entry, names) => ({ ...entry, subject: (await names.tell(entry.subject)) ?? entry.subject }),
    identify: ({ subject }) => subject,
    title: ({ subject }, names) => names.call(subject),
    async list(caller, work, names) {
      const found = (await list.all(caller, {}, work)).map(async ({ version, subject, ...view }) => {
        const entry = { subject, defaultModel: view.defaultModel, tiers: view.tiers, fallbacks: view.fallbacks };
        return { id: subject, version, isGone: (await names.tell(subject)) === undefined, entry };
      });
      return Promise.all(found);
    },
    async create(caller, entry, work) {
      await set.run(caller, entry, work);
      return { id: entry.subject };
    },
    update: async (caller, before, entry, work) => void (await set.run(caller, { ...entry, ...asSeen(before) }, work)),
    remove: async (caller, { id }, work) => void (await remove.run(caller, { subject: id }, work)),
  });
}
