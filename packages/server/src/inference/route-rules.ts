// Works out what holds for one caller's requests: which offers they may use, what a name stands for, in which order tiers
// are asked. Pure; worked out once for a caller and the settings, and then looked up.

import { tiers as usualTiers, type Tier } from "@auxot/wire/model-offer";
import { matchesPattern } from "../platform/access/excess.ts";
import { isOpenEverywhere } from "../platform/access/may.ts";
import type { Caller } from "../platform/caller.ts";
import type { ModelRouting, ModelSettings } from "../records/models/settings.ts";
import type { Offer } from "../sources/source.ts";

/** Why a caller may not use an offer. Of a hidden one they are not even told. */
export type Barrier = "hidden" | "not-allowed" | "tier-left-out";

/** Names that a request's model stands for: those of a group are equal, and asked before the next group. */
export type Meaning = readonly (readonly string[])[];

export type RouteRules = {
  /** Undefined: it may be used. */
  findBarrier(offer: Offer): Barrier | undefined;
  expand(model: string): Meaning;
  /** Names of the organisation's own. */
  readonly aliases: readonly string[];
  /** In the order they are asked; others are left out. */
  readonly tiers: readonly Tier[];
  /** What the key is held to, for messages. */
  readonly models: readonly string[] | null;
};

type OfferNames = Pick<Offer, "provider" | "model" | "aliases">;

/** Where nobody has set anything. */
export const openRules: RouteRules = {
  findBarrier: () => undefined,
  expand: (model) => [[model]],
  aliases: [],
  tiers: usualTiers,
  models: null,
};

/** The model name that leaves the choice to the router. */
export const autoModel = "auto";

/** Whether a request for `model` may go to `offer`. */
export function matchesModel(model: string, offer: OfferNames): boolean {
  if (model === autoModel) return true;
  if (model === offer.model || offer.aliases.includes(model)) return true;
  if (!model.startsWith(`${offer.provider}/`)) return false;
  const rest = model.slice(offer.provider.length + 1);
  return rest === offer.model || rest === autoModel || offer.aliases.includes(rest);
}

/** The rules of each caller, remembered for as long as caller and settings are the same. */
export function createRulesFor(current: () => ModelSettings): (caller: Caller) => RouteRules {
  const known = new WeakMap<Caller, { readonly settings: ModelSettings; readonly rules: RouteRules }>();
  return (caller) => {
    const settings = current();
    const found = known.get(caller);
    if (found?.settings === settings) return found.rules;
    const rules = createRouteRules(settings, caller);
    known.set(caller, { settings, rules });
    return rules;
  };
}

export function createRouteRules(settings: ModelSettings, caller: Caller): RouteRules {
  const { aliases, visibility, routing } = settings;
  if (caller.models === null && aliases.size + visibility.length + routing.size === 0) return openRules;
  const said = listSubjects(caller).flatMap((subject) => routing.get(subject) ?? []);
  const tiers = planTiers(said);
  const defaultModel = said.find((one) => one.defaultModel !== null)?.defaultModel ?? null;
  const fallbacks = said.find((one) => one.fallbacks !== null)?.fallbacks ?? {};
  const mayUse = createModelCheck(settings, caller.models);
  const maySee = createVisibilityCheck(settings, caller);
  const barriers = new Map<string, Map<string, Barrier | undefined>>();
  const judge = (offer: Offer): Barrier | undefined => {
    if (!maySee(offer)) return "hidden";
    if (!mayUse(offer)) return "not-allowed";
    return tiers.includes(offer.tier) ? undefined : "tier-left-out";
  };
  return {
    findBarrier(offer) {
      const ofProvider = barriers.get(offer.provider) ?? new Map<string, Barrier | undefined>();
      barriers.set(offer.provider, ofProvider);
      if (!ofProvider.has(offer.model)) ofProvider.set(offer.model, judge(offer));
      return ofProvider.get(offer.model);
    },
    expand: (model) => expand(aliases, { model, defaultModel, fallbacks }),
    aliases: [...aliases.keys()],
    tiers,
    models: caller.models,
  };
}

/** Whose word counts, the nearest first. */
function listSubjects({ keyId, principal, teams }: Caller): readonly string[] {
  const own = principal.type === "service" ? [principal.id] : [];
  return [keyId, ...own, ...teams.map(({ id }) => id), "org"].filter((subject) => subject !== "");
}

/** The nearest one's order, less what anybody further out left out: nobody widens what was narrowed for them. */
function planTiers(said: readonly ModelRouting[]): readonly Tier[] {
  const lists = said.flatMap(({ tiers }) => (tiers === null ? [] : [tiers]));
  const [nearest = usualTiers, ...outer] = lists;
  return nearest.filter((tier) => outer.every((list) => list.includes(tier)));
}

/** The organisation's own names for an offer. */
export function listOwnNames({ aliases }: ModelSettings, offer: OfferNames): readonly string[] {
  return [...aliases]
    .filter(([, { models }]) => models.some((name) => matchesModel(name, offer)))
    .map(([name]) => name);
}

/** A name the key is held to stands for the models behind it, the organisation's own names included. */
function createModelCheck({ aliases }: ModelSettings, models: readonly string[] | null): (offer: Offer) => boolean {
  if (models === null) return () => true;
  const own = [...aliases].filter(([name]) => models.some((pattern) => matchesPattern(pattern, name)));
  const reached = own.flatMap(([, alias]) => alias.models);
  return (offer) =>
    models.some((pattern) => pattern === autoModel || listNames(offer).some((name) => matchesPattern(pattern, name))) ||
    reached.some((name) => matchesModel(name, offer));
}

/** Of the rules that fit, the one that names most counts; without one everybody sees it. */
function createVisibilityCheck({ visibility }: ModelSettings, caller: Caller): (offer: OfferNames) => boolean {
  if (visibility.length === 0 || isOpenEverywhere(caller, "models.edit")) return () => true;
  return (offer) => {
    const teams = findVisibleTeams(visibility, offer);
    return teams === undefined || caller.teams.some(({ id }) => teams.has(id));
  };
}

/** The teams that an offer is kept to; undefined: everybody sees it. */
export function findVisibleTeams(
  visibility: ModelSettings["visibility"],
  offer: OfferNames,
): ReadonlySet<string> | undefined {
  const names = listNames(offer);
  const fitting = visibility.filter(({ model }) => names.some((name) => matchesPattern(model, name)));
  return fitting.toSorted((a, b) => rankPattern(b.model) - rankPattern(a.model))[0]?.teams;
}

/** Whole names before beginnings, longer ones before shorter. */
function rankPattern(pattern: string): number {
  return pattern.endsWith("*") ? pattern.length : 1000 + pattern.length;
}

function listNames({ provider, model, aliases }: OfferNames): readonly string[] {
  return [model, ...aliases].flatMap((name) => [name, `${provider}/${name}`]);
}

function expand(
  aliases: ModelSettings["aliases"],
  asked: {
    readonly model: string;
    readonly defaultModel: string | null;
    readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  },
): Meaning {
  const { model, defaultModel, fallbacks } = asked;
  const first =
    model === autoModel && defaultModel !== null
      ? [...group(aliases, defaultModel), [autoModel]]
      : group(aliases, model);
  const spare = Object.hasOwn(fallbacks, model) ? (fallbacks[model] ?? []) : [];
  return [...first, ...spare.flatMap((name) => group(aliases, name))];
}

/** What stands in an alias are models, never other aliases. */
function group(aliases: ModelSettings["aliases"], name: string): Meaning {
  const alias = aliases.get(name);
  if (alias === undefined) return [[name]];
  return alias.order === "tiers" ? [alias.models] : alias.models.map((one) => [one]);
}
