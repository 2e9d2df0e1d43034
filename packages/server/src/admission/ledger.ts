// Reserves in several accounts at once, all or none, and settles each reservation exactly once. Pure.

import type { Account, Hold } from "./account.ts";

export type Entry = {
  readonly account: Account;
  readonly amount: number;
  /** Reserved whether it fits or not. */
  readonly forced: boolean;
};

export type Reservation = {
  /** Replaces what was reserved by what was used, asked for by place in the list of entries. False, and nothing done, when it was settled before. */
  settle(readUsed: (index: number) => number, ticksMs: number): boolean;
};

/** The entries that do not fit now. */
export function findShort<One extends Entry>(entries: readonly One[], ticksMs: number): One[] {
  return entries.filter(({ account, amount, forced }) => !forced && amount > 0 && account.free(ticksMs) < amount);
}

/** Reserves every entry, fitting or not: `findShort` was asked. */
export function takeAll(entries: readonly Entry[], ticksMs: number): Reservation {
  const holds: Hold[] = entries.map(({ account, amount }) => account.take(amount, ticksMs));
  let open = true;
  return {
    settle(readUsed, atMs) {
      if (!open) return false;
      open = false;
      for (const [index, { account }] of entries.entries()) {
        const hold = holds[index];
        if (hold !== undefined) account.settle(hold, readUsed(index), atMs);
      }
      return true;
    },
  };
}

/** Undefined, and nothing reserved, when an entry does not fit. */
export function reserve(entries: readonly Entry[], ticksMs: number): Reservation | undefined {
  return findShort(entries, ticksMs).length > 0 ? undefined : takeAll(entries, ticksMs);
}
