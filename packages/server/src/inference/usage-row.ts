// What of a request's usage row is no measurement: who it counts for and what it cost. Pure.

import { costOf } from "@auxot/wire/price";
import type { Usage } from "@auxot/wire/usage";
import type { Caller } from "../platform/caller.ts";
import type { PriceOf } from "../platform/price-of.ts";
import type { UsageRow } from "../records/usage/store.ts";
import type { Placement } from "../sources/source.ts";

export type PricesOfUsage = {
  readonly priceOf: PriceOf;
  /** What the same tokens would have cost in the cloud; undefined of what the cloud answered. */
  readonly cloudPriceOf: PriceOf;
};

/** A person of several teams counts for none of them by a key of their own: a team's key says which team it is. */
export function describeOwner({
  keyId,
  name,
  principal,
  teams,
}: Caller): Pick<UsageRow, "keyId" | "keyName" | "ownerId" | "teamId"> {
  const [only] = teams;
  const teamId = principal.type === "team" ? principal.id : teams.length === 1 ? only?.id : undefined;
  return {
    keyId,
    keyName: name,
    ...(principal.type === "system" ? {} : { ownerId: principal.id }),
    ...(teamId === undefined ? {} : { teamId }),
  };
}

/** `placement` undefined: nobody was asked. `usage` undefined: nothing came. Neither costs anything. */
export function readCosts(
  { priceOf, cloudPriceOf }: PricesOfUsage,
  placement: Placement | undefined,
  usage: Usage | undefined,
  at: number,
): Pick<UsageRow, "costMicroUsd" | "savedMicroUsd"> {
  if (placement === undefined || usage === undefined) return { costMicroUsd: 0 };
  const question = { provider: placement.provider, model: placement.model, tier: placement.tier, at };
  const price = priceOf(question);
  if (price === undefined) return {};
  const costMicroUsd = costOf(usage, price);
  const cloudPrice = cloudPriceOf(question);
  if (cloudPrice === undefined) return { costMicroUsd };
  return { costMicroUsd, savedMicroUsd: costOf(usage, cloudPrice) - costMicroUsd };
}
