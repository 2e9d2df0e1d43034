// What this router holds of one limit in one window: the account requests reserve in, and what is known of the rest.

import type { Limit } from "@auxot/wire/limit";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { createAccount, type Account, type AccountKind } from "./account.ts";
import type { WindowSpan } from "./windows.ts";

export type Holding = {
  /** Its lease in the database. A new one for each holding, so that what it spent only grows. */
  readonly leaseId: string;
  /** As it is now: an edit replaces it. */
  limit: Limit;
  readonly span: WindowSpan;
  readonly account: Account;
  /** What nobody held at the database's last answer. Infinity: it was not asked yet. */
  open: number;
  /** When it answered, in ticks. */
  answeredAtMs: number;
  spentElsewhere: number;
  /** The own spending that the database knows. */
  writtenSpent: number;
  /** When it was last reserved in, in ticks. */
  takenAtMs: number;
  /** What the last grant brought. */
  lastGrant: number;
  /** The highest alert that was told, in percent. */
  alertedPercent: number;
};

/** Rates and concurrency do not begin anew. */
export const endlessSpan: WindowSpan = { startMs: 0, endMs: Number.POSITIVE_INFINITY };

export function createHolding(limit: Limit, span: WindowSpan): Holding {
  return {
    leaseId: createId(idPrefixes.lease),
    limit,
    span,
    account: createAccount(kindOf(limit)),
    open: Number.POSITIVE_INFINITY,
    answeredAtMs: Number.NEGATIVE_INFINITY,
    spentElsewhere: 0,
    writtenSpent: 0,
    takenAtMs: 0,
    lastGrant: 0,
    alertedPercent: 0,
  };
}

/** Gives back all that is free, and knows nothing of the rest any more: the next request asks. */
export function loosen(holding: Holding, ticksMs: number): void {
  holding.account.setGranted(holding.account.needed(ticksMs));
  holding.open = Number.POSITIVE_INFINITY;
}

function kindOf({ measure, window }: Limit): AccountKind {
  if (measure === "concurrency") return "concurrency";
  return window === "minute" ? "rate" : "budget";
}
