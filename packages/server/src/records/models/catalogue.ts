// Owns the catalogue of models: what all providers offer now, with what the organisation says of it.

import { listCatalogue, type ModelView } from "@auxot/wire/operations/models";
import type { ModelAbilities, Tier } from "@auxot/wire/model-offer";
import type { EffectivePrice } from "@auxot/wire/operations/prices";
import { isOpenEverywhere, may } from "../../platform/access/may.ts";
import type { Caller } from "../../platform/caller.ts";
import type { PriceQuestion } from "../../platform/price-of.ts";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import { AppError } from "@auxot/wire/errors";

/** What the catalogue knows of an offer. */
export type CatalogueOffer = {
  readonly tier: Tier;
  readonly provider: string;
  readonly model: string;
  readonly aliases: readonly string[];
  readonly abilities: ModelAbilities;
  readonly contextTokens: number | undefined;
  readonly traits?: { readonly maxOutputTokens?: number | undefined };
  readonly restsUntil?: number;
  readonly description?: string;
};

/** How the rest of the router answers what the catalogue shows of an offer. */
export type CatalogueDeps = {
  offers(): readonly CatalogueOffer[];
  /** Names of the organisation's own that it has. */
  listOwnNames(offer: CatalogueOffer): readonly string[];
  /** Ids of the teams it is kept to; undefined: everybody sees it. */
  findVisibleTeams(offer: CatalogueOffer): ReadonlySet<string> | undefined;
  /** What it costs at a time (ms since 1970). */
  explainPrice(question: PriceQuestion): EffectivePrice;
};

/** The handler of `models.list`. */
export function createCatalogueOperations(deps: CatalogueDeps): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: listCatalogue,
      async handle(caller, { provider, tier, sort, limit, cursor }, { now }) {
        const seesAll = isOpenEverywhere(caller, "models.edit");
        const views = deps
          .offers()
          .filter((offer) => provider === undefined || offer.provider === provider)
          .filter((offer) => tier === undefined || offer.tier === tier)
          .map((offer) => describeOffer(deps, caller, offer, now.getTime()))
          .filter(
            ({ visibleTo }) => seesAll || visibleTo === null || caller.teams.some(({ id }) => visibleTo.includes(id)),
          )
          .toSorted((a, b) => compareTexts(a.id, b.id));
        return cutPage(sort === "-id" ? views.toReversed() : views, limit, cursor);
      },
    }),
  ];
}

function describeOffer(deps: CatalogueDeps, caller: Caller, offer: CatalogueOffer, now: number): ModelView {
  const { tier, provider, model, aliases, abilities, contextTokens, traits, restsUntil = 0, description } = offer;
  const teams = deps.findVisibleTeams(offer);
  return {
    id: `${provider}/${model}`,
    model,
    provider,
    tier,
    aliases: [...new Set([...deps.listOwnNames(offer), ...aliases])],
    available: restsUntil <= now,
    abilities,
    contextTokens: contextTokens ?? null,
    maxOutputTokens: traits?.maxOutputTokens ?? null,
    description: description ?? null,
    visibleTo: teams === undefined ? null : [...teams],
    ...showPrice(deps, caller, { provider, model, tier, at: now }),
  };
}

/** Contracts of the organisation are not for everybody who may list models. */
function showPrice(
  { explainPrice }: CatalogueDeps,
  caller: Caller,
  question: PriceQuestion,
): Pick<ModelView, "price" | "priceFrom" | "cloudPrice" | "cloudModel"> {
  if (!may(caller, "prices.read").allowed) return { price: null, priceFrom: null, cloudPrice: null, cloudModel: null };
  const { from: priceFrom, ...rest } = explainPrice(question);
  return { ...rest, priceFrom };
}

function cutPage(views: readonly ModelView[], limit: number, cursor: string | undefined) {
  const start = cursor === undefined ? 0 : views.findIndex(({ id }) => id === readCursor(cursor)) + 1;
  if (cursor !== undefined && start === 0) {
    throw new AppError(
      "invalid_request",
      "cursor: the model it names is not in the list any more; begin again without it.",
      {
        param: "cursor",
      },
    );
  }
  const items = views.slice(start, start + limit);
  const last = items.at(-1);
  const nextCursor =
    start + limit < views.length && last !== undefined ? Buffer.from(last.id).toString("base64url") : null;
  return { items, nextCursor };
}

function readCursor(cursor: string): string {
  return Buffer.from(cursor, "base64url").toString("utf8");
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
