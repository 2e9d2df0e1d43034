// Which usage a caller may see: the rule of `may`, cut to what usage has. Nothing of it is shared by grants. Pure.

import { isOpenEverywhere, listLevels, listOpenTeams } from "../../platform/access/may.ts";
import type { Caller } from "../../platform/caller.ts";

/** Else what has this owner or one of these teams. `ownerId` null: nobody's own. */
export type VisibleUsage = "all" | { readonly ownerId: string | null; readonly teamIds: readonly string[] };

/** That the caller may see any at all was asked before. */
export function findVisibleUsage(caller: Caller): VisibleUsage {
  if (isOpenEverywhere(caller, "usage.read")) return "all";
  const isSomebody = caller.principal.type !== "system" && listLevels("usage.read").length > 0;
  return { ownerId: isSomebody ? caller.principal.id : null, teamIds: listOpenTeams(caller, "usage.read") };
}
