// Owns the counting of people before one more may sign in.

import type { Executor } from "../../../store/database.ts";
import type { OrganisationStore } from "../organisation/store.ts";

/** Throws `forbidden` when `taken` are all there may be. */
export type RequireSeat = (taken: number) => void;

/** In the transaction that lets somebody in, before it does: nobody else comes in until it ends. Throws as `RequireSeat`. */
export type TakeSeat = (tx: Executor) => Promise<void>;

export function createTakeSeat(
  organisation: Pick<OrganisationStore, "lock" | "countPeople">,
  requireSeat: RequireSeat,
): TakeSeat {
  return async (tx) => {
    await organisation.lock(tx);
    requireSeat(await organisation.countPeople(tx));
  };
}
