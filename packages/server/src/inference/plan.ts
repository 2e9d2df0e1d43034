// Decides which offers may answer a request and in which order: GPU, then CLI, then cloud; free before busy; of workers
// those with most left of what limits them first.
// Pure: no clock (`now` comes in), no I/O. Keeps the reason for every offer it leaves.

import { AppError } from "@auxot/wire/errors";
import type { Restriction } from "../admission/judge.ts";
import type { Offer } from "../sources/source.ts";
import { findNearMatches } from "@auxot/wire/near-matches";
import { explainBarrier } from "./explain-barrier.ts";
import type { Needs, VendorField } from "./needs.ts";
import { autoModel, matchesModel, openRules, type Barrier, type RouteRules } from "./route-rules.ts";

/** Why an offer that matches the model was not taken as it is. */
export type Reason =
  | LackingAbility
  | "too-few-dimensions"
  | "context-too-small"
  /** A limit of the caller keeps it from there. */
  | "over-limit"
  | "resting"
  | "busy"
  | "pinned-elsewhere"
  | Exclude<Barrier, "hidden">;
type LackingAbility = keyof typeof lacking;

/** What to say of a model that cannot do what the request needs, and where the need stands. */
const lacking = {
  "no-images": { param: "messages", what: "takes no images", advice: "Remove them or use a model that does." },
  "no-documents": {
    param: "messages",
    what: "takes no documents such as PDFs",
    advice: "Send their text, or use a model that does.",
  },
  "no-prefill": {
    param: "messages",
    what: "does not go on with an answer that was begun (assistant prefill)",
    advice: "Let the last message be the user's, or use a model that does.",
  },
  "no-vendor": {
    param: "mcp_servers",
    what: "has nobody who calls MCP servers for it",
    advice: "Remove the field, or use a model of a provider that speaks this format.",
  },
  "no-choices": {
    param: "n",
    what: "gives one answer a request here",
    advice: "Send a request for each, or use a model of a provider of OpenAI's Chat Completions.",
  },
  "no-infill": { param: "suffix", what: "cannot fill a gap", advice: "Leave it out or use a model made for it." },
  "no-raw-prompt": { param: "prompt", what: "takes text only, no tokens", advice: "Send the prompt as text." },
  "no-tools-here": {
    param: "tools",
    what: "takes tools only in the Responses format, and its provider is asked in another",
    advice: "Remove them, or have the provider declared with the dialect openai-responses.",
  },
  "no-search": {
    param: "web_search_options",
    what: "does not search the web",
    advice: "Remove the field, or use a model of a provider of OpenAI's Chat Completions that does.",
  },
  "no-filling": {
    param: "max_tokens",
    what: "has no cache to be filled by an answer of 0 tokens",
    advice: "Send at least 1, or use a model of a provider that speaks this format.",
  },
  "no-tools": { param: "tools", what: "cannot call tools", advice: "Remove them or use a model that can." },
} as const;

/** Who answered the conversation so far. */
export type Pin = {
  readonly provider: string;
  readonly model: string;
  /**
   * How much is given for staying there. Absent: as long as its provider has an offer that fits, busy or not.
   * `while-free`: as long as that very offer is free. `within-tier`: it only goes before others of its tier.
   */
  readonly holds?: "while-free" | "within-tier";
};

export type Considered = { readonly offer: Offer; readonly left: Reason | undefined };

export type Plan = {
  /** Free now, in the order to try. */
  readonly free: readonly Offer[];
  /** Busy now: worth waiting for when nothing free answered. */
  readonly busy: readonly Offer[];
  /** Every offer that matches the model, in the order of tiers. */
  readonly considered: readonly Considered[];
};

const vendorReasons = {
  n: "no-choices",
  mcp_servers: "no-vendor",
  web_search_options: "no-search",
  max_tokens: "no-filling",
} as const satisfies Record<VendorField, LackingAbility>;

const lackingAbilities = Object.keys(lacking) as readonly LackingAbility[];

/** Names told in one message. */
const shownModels = 5;

/**
 * Plans for `model`: `auto`, a concrete id, an alias, or `provider/id`; `rules` are the caller's. With a pin that holds, the
 * others are left; of its provider the pinned model comes first.
 * Throws `model_not_found` (with near matches), `context_length_exceeded` or `invalid_request` when no offer fits,
 * `forbidden` when the caller may use none that does, `no_capacity` when all that fit rest after failures or nothing is
 * connected at all, and the restriction's refusal when only it is in the way.
 */
export function planRoute(
  model: string,
  needs: Needs,
  offers: readonly Offer[],
  now: number,
  pin?: Pin,
  rules: RouteRules = openRules,
  restriction?: Restriction,
): Plan {
  const named = findNamed(model, offers, rules);
  if (named.length === 0) throw explainNoMatch(model, offers, rules);
  const ofKind = named.filter(({ offer }) => isOfKind(offer, needs));
  if (!ofKind.some(({ barrier }) => barrier === undefined)) {
    const usable = offers.filter((offer) => rules.findBarrier(offer) === undefined);
    if (ofKind.length === 0) throw explainWrongKind(model, needs, usable);
    throw explainBarrier(model, ofKind, usable, rules);
  }
  const judged = sortOffers(ofKind, pin, rules).map(({ offer, barrier }) => ({
    offer,
    left: barrier ?? judge(offer, needs, now, restriction),
  }));
  const considered = pin === undefined ? judged : holdToPin(judged, pin);
  const free = considered.filter(({ left }) => left === undefined).map(({ offer }) => offer);
  const busy = considered.filter(({ left }) => left === "busy").map(({ offer }) => offer);
  if (free.length === 0 && busy.length === 0) {
    const refusal = considered.some(({ left }) => left === "over-limit") ? restriction?.refusal : undefined;
    const rests = considered.some(({ left }) => left === "resting");
    throw rests || refusal === undefined ? explainNoFit(model, needs, considered, now) : refusal;
  }
  return { free, busy, considered };
}

/** Every offer a plan by the same rules may send the request to, now or when others have failed. */
export function listCandidates(model: string, needs: Needs, offers: readonly Offer[], rules: RouteRules): Offer[] {
  const named = findNamed(model, offers, rules);
  return named.flatMap(({ offer, barrier }) => (barrier === undefined && isOfKind(offer, needs) ? [offer] : []));
}

/** `provider/model`, the unambiguous name of an offer. */
export function nameOffer(offer: Offer): string {
  return `${offer.provider}/${offer.model}`;
}

type Named = {
  readonly offer: Offer;
  /** Which of the names that the model stands for it has: smaller ones are asked first. */
  readonly rank: number;
  readonly barrier: Exclude<Barrier, "hidden"> | undefined;
};

/** Those that have one of the names the model stands for, and that the caller may know of. */
function findNamed(model: string, offers: readonly Offer[], rules: RouteRules): Named[] {
  const meaning = rules.expand(model);
  const named: Named[] = [];
  for (const offer of offers) {
    const rank = meaning.findIndex((group) => group.some((name) => matchesModel(name, offer)));
    if (rank < 0) continue;
    const barrier = rules.findBarrier(offer);
    if (barrier !== "hidden") named.push({ offer, rank, barrier });
  }
  return named;
}

/** A model either makes embeddings or chats. */
function isOfKind({ abilities }: Offer, needs: Needs): boolean {
  return (abilities.embeddings === true) === (needs.embeddings !== undefined);
}

function judge(offer: Offer, needs: Needs, now: number, restriction: Restriction | undefined): Reason | undefined {
  if (needs.tools && !offer.abilities.tools) return offer.traits?.tools === true ? "no-tools-here" : "no-tools";
  if (needs.images && !offer.abilities.images) return "no-images";
  if (needs.documents && !(offer.traits?.documents ?? offer.abilities.images)) return "no-documents";
  if (needs.vendor !== undefined && needs.vendor.dialect !== offer.dialect) return vendorReasons[needs.vendor.field];
  if (needs.prefill && offer.traits?.prefill === "refused") return "no-prefill";
  if (needs.completion?.infill === true && offer.abilities.infill !== true) return "no-infill";
  if (needs.completion?.raw === true && offer.dialect === "anthropic-messages") return "no-raw-prompt";
  if (offer.dimensions !== undefined && (needs.embeddings?.dimensions ?? 0) > offer.dimensions)
    return "too-few-dimensions";
  if (offer.contextTokens !== undefined && needs.promptTokens > offer.contextTokens) return "context-too-small";
  if (restriction?.bars(offer) === true) return "over-limit";
  if (offer.restsUntil !== undefined && offer.restsUntil > now) return "resting";
  return offer.freeSlots > 0 ? undefined : "busy";
}

function holdToPin(judged: readonly Considered[], pin: Pin): Considered[] {
  if (pin.holds === "within-tier") return [...judged];
  const rank = ({ offer }: Considered): number => rankForPin(offer, pin);
  const canServe = ({ left }: Considered): boolean => left === undefined || left === "busy";
  // With tools' results on their way to one model, its provider's other models are as foreign as any.
  const [keeps, first] = pin.holds === "while-free" ? [isFree, 0] : [canServe, 1];
  const isServed = judged.some((one) => rank(one) <= first && keeps(one));
  if (!isServed && pin.holds !== undefined) return [...judged];
  const held = judged.map((one): Considered =>
    isServed && rank(one) > first && canServe(one) ? { ...one, left: "pinned-elsewhere" } : one,
  );
  return held.toSorted((a, b) => rank(a) - rank(b));
}

function isFree({ left }: Considered): boolean {
  return left === undefined;
}

/** 0: the pinned offer, 1: another of its provider, 2: another provider's. */
function rankForPin({ provider, model }: Offer, pin: Pin): number {
  if (provider !== pin.provider) return 2;
  return model === pin.model ? 0 : 1;
}

/**
 * By the order of the names the model stands for, then by tier. Within it: whoever answered the conversation before, then who has most left of its limit, then as the
 * providers list their models. A model that several have goes first to the one with most free slots: free slots do not
 * decide between models, or `auto` would change models whenever a slot is taken. Clouds keep the order of the configuration.
 */
function sortOffers(named: readonly Named[], pin: Pin | undefined, { tiers }: RouteRules): readonly Named[] {
  const firstPlaces = new Map<string, number>();
  for (const [at, { offer }] of named.entries()) {
    if (!firstPlaces.has(offer.model)) firstPlaces.set(offer.model, at);
  }
  const keys = named.map((one, at) => {
    const { offer, rank } = one;
    const isLast = pin !== undefined && rankForPin(offer, pin) === 0;
    const place = offer.tier === "cloud" ? [at] : [firstPlaces.get(offer.model) ?? at, -offer.freeSlots];
    return { one, key: [rank, tiers.indexOf(offer.tier), isLast ? 0 : 1, offer.load ?? 0, ...place] };
  });
  return keys.toSorted((a, b) => compareKeys(a.key, b.key)).map(({ one }) => one);
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

function explainNoMatch(model: string, all: readonly Offer[], rules: RouteRules): AppError {
  const offers = all.filter((offer) => rules.findBarrier(offer) === undefined);
  if (rules.aliases.includes(model)) return explainEmptyAlias(model, rules);
  if (model === autoModel || offers.length === 0) {
    return new AppError(
      "no_capacity",
      "No model can be reached right now: no worker is connected, and no cloud provider is configured or has listed its models yet.",
      { retryAfterMs: 5000 },
    );
  }
  const names = [...rules.aliases, ...offers.flatMap((offer) => [offer.model, ...offer.aliases, nameOffer(offer)])];
  const near = findNearMatches(model, names);
  const hint =
    near.length > 0 ? `Did you mean ${near.map((name) => `"${name}"`).join(" or ")}?` : `Try "${autoModel}".`;
  return new AppError(
    "model_not_found",
    `The model "${model}" does not exist here. ${hint} GET /v1/models lists all.`,
    {
      param: "model",
    },
  );
}

function explainEmptyAlias(model: string, rules: RouteRules): AppError {
  const names = rules.expand(model).flat();
  return new AppError(
    "no_capacity",
    `"${model}" stands for ${names.map((name) => `"${name}"`).join(", ")}, and none of these can be reached right now.`,
    { retryAfterMs: 5000 },
  );
}

/** Nothing of that name does what was asked for; says what does. */
function explainWrongKind(model: string, needs: Needs, offers: readonly Offer[]): AppError {
  const able = [...new Set(offers.filter((offer) => isOfKind(offer, needs)).map((offer) => offer.model))];
  const shown = able.slice(0, shownModels).map((name) => `"${name}"`);
  const [does, doesNot] = needs.embeddings === undefined ? ["chat", "makes embeddings"] : ["make embeddings", "chats"];
  if (able.length === 0) {
    const advice =
      needs.embeddings === undefined
        ? ""
        : " Start a worker with an embedding model, or add a cloud model that embeds.";
    return new AppError("model_not_found", `model: there is no model here that can ${does}.${advice}`, {
      param: "model",
    });
  }
  const list = shown.length < able.length ? `${shown.join(", ")} and others` : shown.join(", ");
  return new AppError(
    "invalid_request",
    `model: "${model}" ${doesNot} and cannot ${does}. Models that can: ${list}; or "${autoModel}".`,
    { param: "model" },
  );
}

function explainNoFit(model: string, needs: Needs, considered: readonly Considered[], now: number): AppError {
  const resting = considered.filter(({ left }) => left === "resting");
  if (resting.length > 0) {
    const until = Math.min(...resting.map(({ offer }) => offer.restsUntil ?? now));
    return new AppError(
      "no_capacity",
      `Nothing can answer "${model}" for ${formatWait(until - now)}: every source of it failed just now or has used up its limit.`,
      { retryAfterMs: Math.max(1000, until - now) },
    );
  }
  const prompt = needs.completion === undefined ? "messages" : "prompt";
  const tooSmall = considered.filter(({ left }) => left === "context-too-small");
  if (tooSmall.length > 0) {
    const largest = Math.max(...tooSmall.map(({ offer }) => offer.contextTokens ?? 0));
    return new AppError(
      "context_length_exceeded",
      `${prompt}: the prompt has at least ${needs.promptTokens} tokens, but the context of "${model}" is ${largest} tokens. Shorten it or use a model with a larger context.`,
      { param: prompt },
    );
  }
  const left = new Set(considered.map((one) => one.left));
  if (left.has("too-few-dimensions")) {
    const most = Math.max(...considered.map(({ offer }) => offer.dimensions ?? 0));
    const message = `dimensions: the vectors of "${model}" have ${most} dimensions; ask for ${most} or fewer.`;
    return new AppError("invalid_request", message, { param: "dimensions" });
  }
  const reason = lackingAbilities.find((ability) => left.has(ability)) ?? "no-tools";
  const { param, what, advice } = lacking[reason];
  return new AppError("invalid_request", `${param}: "${model}" ${what}. ${advice}`, { param });
}

function formatWait(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}
