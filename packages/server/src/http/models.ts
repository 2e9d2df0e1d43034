// The model lists of both dialects, made from the live offers.

import type { DialectName } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import type { Tier } from "@auxot/wire/model-offer";
import { findNearMatches } from "@auxot/wire/near-matches";
import { autoModel, matchesModel, openRules, type RouteRules } from "../inference/route-rules.ts";
import type { Offer } from "../sources/source.ts";
import { listCapabilities } from "./model-capabilities.ts";

type Entry = {
  readonly id: string;
  readonly provider: string;
  readonly tier: Tier | "any";
  readonly offer: Offer | undefined;
};

// Neither vendor's clients use the date for anything but showing it; we have none to tell.
const createdAt = 1_767_225_600;

/** `{object: "list", data}` for OpenAI's formats; `{data, has_more, first_id, last_id}` for Anthropic. */
export function listModels(
  offers: readonly Offer[],
  dialect: DialectName,
  query: URLSearchParams,
  rules: RouteRules = openRules,
): unknown {
  const entries = collectEntries(offers, rules);
  if (dialect !== "anthropic-messages") return { object: "list", data: entries.map(toOpenai) };
  const { page, hasMore } = pageEntries(entries, query);
  return {
    data: page.map(toAnthropic),
    has_more: hasMore,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

/** Throws `model_not_found`. Every name a request may use is found. */
export function findModel(
  all: readonly Offer[],
  dialect: DialectName,
  id: string,
  rules: RouteRules = openRules,
): unknown {
  const entries = collectEntries(all, rules);
  const offer = sortByTier(all, rules).find((one) => matchesModel(id, one));
  const entry =
    entries.find((one) => one.id === id) ??
    (offer === undefined ? undefined : { id, provider: offer.provider, tier: offer.tier, offer });
  if (entry === undefined) {
    const near = findNearMatches(
      id,
      entries.map((one) => one.id),
    );
    const hint = near.length > 0 ? ` Did you mean ${near.map((name) => `"${name}"`).join(" or ")}?` : "";
    throw new AppError("model_not_found", `The model "${id}" does not exist here.${hint}`, { param: "model" });
  }
  return dialect === "anthropic-messages" ? toAnthropic(entry) : toOpenai(entry);
}

/** What the caller may use: `auto`, the organisation's own names, then ids and aliases in the order of tiers, each once. */
function collectEntries(all: readonly Offer[], rules: RouteRules): Entry[] {
  const entries = new Map<string, Entry>();
  const offers = sortByTier(all, rules);
  if (offers.length > 0) entries.set(autoModel, { id: autoModel, provider: "auxot", tier: "any", offer: undefined });
  for (const id of rules.aliases) {
    const groups = rules.expand(id);
    const offer = groups.flatMap(
      (names) => offers.find((one) => names.some((name) => matchesModel(name, one))) ?? [],
    )[0];
    if (offer !== undefined) entries.set(id, { id, provider: offer.provider, tier: offer.tier, offer });
  }
  for (const offer of offers) {
    for (const id of [offer.model, ...offer.aliases]) {
      if (!entries.has(id)) entries.set(id, { id, provider: offer.provider, tier: offer.tier, offer });
    }
  }
  return [...entries.values()];
}

/** Those the caller may use. */
function sortByTier(offers: readonly Offer[], rules: RouteRules): Offer[] {
  return offers
    .filter((offer) => rules.findBarrier(offer) === undefined)
    .toSorted((a, b) => rules.tiers.indexOf(a.tier) - rules.tiers.indexOf(b.tier));
}

function toOpenai({ id, provider, tier, offer }: Entry): unknown {
  return {
    id,
    object: "model",
    created: createdAt,
    owned_by: provider,
    auxot: {
      tier,
      ...(offer === undefined ? {} : { model: offer.model, abilities: listAbilities(offer) }),
      ...(offer?.dimensions === undefined ? {} : { dimensions: offer.dimensions }),
      ...(offer?.contextTokens === undefined ? {} : { context_tokens: offer.contextTokens }),
      ...(offer?.traits?.maxOutputTokens === undefined ? {} : { max_output_tokens: offer.traits.maxOutputTokens }),
      ...(offer?.traits === undefined || !offer.abilities.reasoning ? {} : { efforts: offer.traits.efforts }),
      ...(offer?.description === undefined ? {} : { description: offer.description }),
    },
  };
}

function listAbilities({ abilities, traits }: Offer): unknown {
  return { ...abilities, documents: traits?.documents ?? abilities.images };
}

/** Every field that Anthropic's SDK knows is there; null where nobody knows. */
function toAnthropic({ id, offer }: Entry): unknown {
  return {
    type: "model",
    id,
    display_name: offer === undefined ? "Auxot: best available" : id,
    created_at: new Date(createdAt * 1000).toISOString(),
    max_input_tokens: offer?.contextTokens ?? null,
    max_tokens: offer?.traits?.maxOutputTokens ?? null,
    capabilities: offer === undefined ? null : listCapabilities(offer),
    lifecycle: "active",
    deprecated_at: null,
    retires_at: null,
    line: null,
  };
}

function pageEntries(entries: readonly Entry[], query: URLSearchParams): { page: Entry[]; hasMore: boolean } {
  const limit = readLimit(query.get("limit"));
  const before = findCursor(entries, query, "before_id");
  const after = findCursor(entries, query, "after_id");
  if (before !== undefined && after !== undefined) {
    throw new AppError("invalid_request", "before_id: expected either before_id or after_id, got both.", {
      param: "before_id",
    });
  }
  if (before !== undefined) {
    const start = Math.max(0, before - limit);
    return { page: entries.slice(start, before), hasMore: start > 0 };
  }
  const start = after === undefined ? 0 : after + 1;
  return { page: entries.slice(start, start + limit), hasMore: entries.length > start + limit };
}

function findCursor(
  entries: readonly Entry[],
  query: URLSearchParams,
  name: "before_id" | "after_id",
): number | undefined {
  const wanted = query.get(name);
  if (wanted === null) return undefined;
  const at = entries.findIndex(({ id }) => id === wanted);
  if (at >= 0) return at;
  throw new AppError("invalid_request", `${name}: expected the id of a model in the list, got "${wanted}".`, {
    param: name,
  });
}

function readLimit(text: string | null): number {
  if (text === null) return 20;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new AppError("invalid_request", `limit: expected a whole number from 1 to 1000, got "${text}".`, {
      param: "limit",
    });
  }
  return limit;
}
