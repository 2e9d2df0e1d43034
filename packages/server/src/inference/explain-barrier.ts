// Says to a caller why there are models of a name and none that they may use.

import { AppError } from "@auxot/wire/errors";
import type { Offer } from "../sources/source.ts";
import type { Barrier, RouteRules } from "./route-rules.ts";

/** Names told in one message. */
const shownNames = 5;

/** `barred`: what has the name, each with what is in the way. `usable`: all that the caller may use. */
export function explainBarrier(
  model: string,
  barred: readonly { readonly barrier: Barrier | undefined }[],
  usable: readonly Pick<Offer, "model">[],
  rules: RouteRules,
): AppError {
  const isByKey = barred.every(({ barrier }) => barrier === "not-allowed");
  const why = isByKey
    ? `This key may not use the model "${model}": it is held to ${listNames(rules.models ?? [])}.`
    : `"${model}" can only be had from tiers that are left out for you: ${rules.tiers.length === 0 ? "all are" : `only ${rules.tiers.join(", ")} may be asked`}.`;
  const names = [...new Set(usable.map((offer) => offer.model))];
  const hint =
    names.length === 0 ? "Nothing you may use can be reached right now." : `What you may use now: ${listNames(names)}.`;
  return new AppError("forbidden", `${why} ${hint}`, { param: "model" });
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map((name) => `"${name}"`);
  return names.length > shownNames ? `${shown.join(", ")} and others` : shown.join(", ");
}
