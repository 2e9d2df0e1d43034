// Decides who may say who people are, as whoever adds an identity provider or a directory does. Pure.

import { AppError } from "@auxot/wire/errors";
import { findExcess } from "../../platform/access/excess.ts";
import type { Caller } from "../../platform/caller.ts";

/**
 * Whoever says who people are can be anybody, owners too: it takes all that an owner may. A role that opens the action, or a key
 * held to its scope, is not enough. Throws `forbidden`.
 */
export function requireBeAnybody(caller: Caller): void {
  const excess = findExcess(caller, { orgRole: "owner", teams: [], roles: [] });
  if (excess === undefined) return;
  throw new AppError(
    "forbidden",
    `"${caller.name}" may not say who people are: whoever does can sign in as an owner and ${excess}, which "${caller.name}" may not.`,
  );
}
