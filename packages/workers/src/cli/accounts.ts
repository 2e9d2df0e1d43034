// Which account pays for the next answer: one that does not rest, the least used of them. Knows what the vendor told of
// each; asks nobody.

import { AppError } from "@auxot/wire/errors";
import type { Account, LimitReport } from "./adapter.ts";

export type Accounts = {
  /** Throws `rate_limited` with the time to wait when all of them rest. */
  choose(): Account;
  isResting(account: Account): boolean;
  report(account: Account, limit: LimitReport): void;
  /** The account refuses for so long, without having told of a window. */
  rest(account: Account, forMs: number): void;
  /** Of all together: when the first is free again (undefined: now), and how much is used of the least used. */
  status(): { readonly restsUntil?: number; readonly load?: number };
};

export type AccountsOptions = {
  readonly accounts: readonly Account[];
  readonly now: () => number;
  /** Called when `status` may have changed, also when a rest is over. */
  readonly onChange: () => void;
};

/** Without a word of the vendor on when it ends. */
const usualRestMs = 60_000;
/** Longest delay of a timer. */
const longestTimerMs = 2 ** 31 - 1;

type State = { readonly account: Account; restsUntil: number; load: number | undefined; usedAt: number };

export function createAccounts({ accounts, now, onChange }: AccountsOptions): Accounts {
  const states: readonly State[] = accounts.map((account) => ({ account, restsUntil: 0, load: undefined, usedAt: 0 }));
  let uses = 0;
  let timer: NodeJS.Timeout | undefined;

  function find(account: Account): State {
    const state = states.find((one) => one.account === account);
    if (state === undefined) throw new Error(`There is no account ${account.name}.`);
    return state;
  }

  function setRest(state: State, until: number): void {
    state.restsUntil = until;
    clearTimeout(timer);
    const next = Math.min(...states.map(({ restsUntil }) => restsUntil).filter((at) => at > now()));
    if (Number.isFinite(next)) timer = setTimeout(onChange, Math.min(longestTimerMs, next - now() + 1)).unref();
    onChange();
  }

  function listFree(): State[] {
    return states.filter(({ restsUntil }) => restsUntil <= now());
  }

  return {
    choose() {
      const [first, ...others] = listFree();
      if (first === undefined) {
        const wait = Math.max(0, Math.min(...states.map(({ restsUntil }) => restsUntil)) - now());
        const message = "Every account of this worker rests: its limit is reached, or its login was refused.";
        throw new AppError("rate_limited", message, { retryAfterMs: wait });
      }
      const chosen = others.reduce((best, state) => (isBetter(state, best) ? state : best), first);
      chosen.usedAt = ++uses;
      return chosen.account;
    },
    isResting: (account) => find(account).restsUntil > now(),
    report(account, limit) {
      const state = find(account);
      state.load = limit.load ?? state.load;
      if (limit.isRejected) setRest(state, limit.resetsAt ?? now() + usualRestMs);
      else onChange();
    },
    rest(account, forMs) {
      const state = find(account);
      setRest(state, Math.max(state.restsUntil, now() + forMs));
    },
    status() {
      const free = listFree();
      const loads = free.map(({ load }) => load ?? 0);
      const isKnown = free.some(({ load }) => load !== undefined);
      return {
        ...(free.length > 0 ? {} : { restsUntil: Math.min(...states.map(({ restsUntil }) => restsUntil)) }),
        ...(isKnown ? { load: Math.min(...loads) } : {}),
      };
    },
  };
}

/** The less used one; of two alike the one that has waited longer. */
function isBetter(a: State, b: State): boolean {
  const [left, right] = [a.load ?? 0, b.load ?? 0];
  return left === right ? a.usedAt < b.usedAt : left < right;
}
