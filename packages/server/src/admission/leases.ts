// Keeps what this router holds in step with the database: writes down what was spent, renews, asks for more, gives back
// what it does not need. One call at a time, for everything that is due. Decides nothing about requests.

import type { Log } from "../platform/log.ts";
import { loosen, type Holding } from "./holding.ts";
import type { LeaseAnswer, LeaseAsk, LeaseStore } from "./lease-store.ts";

/** `ticks()` is milliseconds of a clock that never goes back; `now()` the time of day. */
export type LeaseClock = { now(): number; ticks(): number };

export type Leases = {
  /** From now on it is kept in step. */
  add(holding: Holding): void;
  /** No request reserves in it any more; what it spent is still written. */
  retire(holding: Holding): void;
  /** Resolves when the database answered, or throws. `amount` is what should be free then. */
  ask(wanted: readonly Wanted[]): Promise<void>;
  /** Gets more in the background when little is left. */
  refill(holding: Holding): void;
  /** Whether asking could bring more than is free now. */
  mayHaveMore(holding: Holding): boolean;
  /** Must be called before anything is reserved there: what was leased for longer than the database answers is not ours any more. */
  check(lines: readonly { holding(): Holding }[]): void;
  /** Writes and gives back everything; gives up after `limitMs`. */
  close(limitMs: number): Promise<void>;
};

export type Wanted = { readonly holding: Holding; readonly amount: number };

export type LeasesDeps = {
  readonly store: Pick<LeaseStore, "sync">;
  readonly clock: LeaseClock;
  readonly log: Log;
  /** No other router is on this database: everything is leased at once, and for good. */
  readonly alone: boolean;
  /** Told after each answer what was spent in the window by all. */
  onSpent(holding: Holding, spent: number): void;
  readonly writeEveryMs?: number;
};

export const leaseTimes = {
  /** Spending is written down this often. */
  writeEveryMs: 1000,
  renewEveryMs: 10_000,
  budgetSeconds: 30,
  /** Longer than a minute: what a dead router used comes back when no minute holds it any more. */
  rateSeconds: 90,
  /** This long before its end a lease is not used any more. */
  marginMs: 5000,
  /** What was not reserved in for so long is given back. */
  idleMs: 5000,
  /** A database that had nothing left is asked again after this. */
  recheckMs: 1000,
  /** A router gets this share of what is open, or what it needs. */
  shares: 8,
} as const;

const forGoodSeconds = 10 * 365 * 86_400;

export function createLeases(deps: LeasesDeps): Leases {
  const { store, clock, log, alone, onSpent, writeEveryMs = leaseTimes.writeEveryMs } = deps;
  const holdings = new Map<string, Holding>();
  const retired = new Set<string>();
  let wants = new Map<Holding, number>();
  let next: PromiseWithResolvers<void> | undefined;
  let running: Promise<void> | undefined;
  let renewedAtMs = clock.ticks();
  let renewedAt = clock.now();
  let failing = false;
  let closed = false;
  const timer = setInterval(() => void run(), writeEveryMs);
  timer.unref();

  function isLive(): boolean {
    const lifeMs = leaseTimes.budgetSeconds * 1000 - leaseTimes.marginMs;
    return alone || (clock.ticks() - renewedAtMs < lifeMs && clock.now() - renewedAt < lifeMs);
  }

  /** Rounds follow each other as long as somebody waits for one. */
  async function run(): Promise<void> {
    if (running !== undefined) return;
    running = (async () => {
      do await round();
      while (next !== undefined);
    })();
    await running;
    running = undefined;
  }

  async function round(): Promise<void> {
    const waiting = next;
    next = undefined;
    const wanted = wants;
    wants = new Map();
    const [sentAtMs, sentAt] = [clock.ticks(), clock.now()];
    const isRenewing = !alone && (!isLive() || sentAtMs - renewedAtMs >= leaseTimes.renewEveryMs);
    const asks = [...holdings.values()].flatMap((holding) =>
      describe(holding, wanted.get(holding), sentAtMs, isRenewing),
    );
    try {
      const answers = asks.length === 0 ? [] : await store.sync(asks, alone ? 1 : leaseTimes.shares);
      if (isRenewing) [renewedAtMs, renewedAt] = [sentAtMs, sentAt];
      apply(asks, answers);
      if (failing) log.info({}, "The database answers again: limits are kept in step");
      failing = false;
      waiting?.resolve();
    } catch (err) {
      if (!failing) log.error({ err }, "Cannot keep limits in step with the database; trying again");
      failing = true;
      waiting?.reject(err);
    }
  }

  function describe(holding: Holding, want: number | undefined, ticksMs: number, isRenewing: boolean): LeaseAsk[] {
    const { account, limit, span, leaseId } = holding;
    const isUnwritten = account.spent() !== holding.writtenSpent;
    const isUnused = want === undefined && ticksMs - holding.takenAtMs >= leaseTimes.idleMs;
    const isIdle = account.free(ticksMs) > 0 && (retired.has(leaseId) || (isUnused && !alone));
    if (want === undefined && !isUnwritten && !isIdle && !(isRenewing && account.granted() > 0)) return [];
    if (isIdle) loosen(holding, ticksMs);
    const seconds = account.kind === "rate" ? leaseTimes.rateSeconds : leaseTimes.budgetSeconds;
    const ask: LeaseAsk = {
      limitId: limit.id,
      windowStartMs: span.startMs,
      holderId: leaseId,
      leaseSeconds: alone ? forGoodSeconds : seconds,
      spent: account.spent(),
      keep: account.granted(),
      need: want === undefined ? 0 : Math.max(0, want - account.free(ticksMs)),
    };
    return [ask];
  }

  function apply(asks: readonly LeaseAsk[], answers: readonly LeaseAnswer[]): void {
    const byHolder = new Map(answers.map((answer) => [answer.holderId, answer]));
    for (const ask of asks) {
      const holding = holdings.get(ask.holderId);
      if (holding === undefined) continue;
      const answer = byHolder.get(ask.holderId);
      holding.answeredAtMs = clock.ticks();
      holding.writtenSpent = ask.spent;
      holding.open = answer?.open ?? 0;
      if (answer !== undefined) {
        holding.lastGrant = answer.granted - ask.keep;
        holding.spentElsewhere = answer.spentElsewhere;
        holding.account.setGranted(answer.granted);
        onSpent(holding, answer.spentElsewhere + ask.spent);
      }
      if (isOver(holding)) {
        holdings.delete(ask.holderId);
        retired.delete(ask.holderId);
      }
    }
  }

  /** Nothing of it is under way, and all of it is written. */
  function isOver({ leaseId, account, writtenSpent }: Holding): boolean {
    return retired.has(leaseId) && account.used(clock.ticks()) === writtenSpent && account.spent() === writtenSpent;
  }

  function want(wanted: readonly Wanted[]): void {
    for (const { holding, amount } of wanted) wants.set(holding, (wants.get(holding) ?? 0) + amount);
  }

  return {
    add: (holding) => void holdings.set(holding.leaseId, holding),
    retire(holding) {
      retired.add(holding.leaseId);
      // Used up to the last, or never used: there is nothing to give back, so nobody would ask about it again.
      if (!isOver(holding) || holding.account.free(clock.ticks()) > 0) return;
      holdings.delete(holding.leaseId);
      retired.delete(holding.leaseId);
    },
    ask(wanted) {
      want(wanted);
      next ??= Promise.withResolvers();
      const { promise } = next;
      // Whoever asks in the same breath goes along.
      queueMicrotask(() => void run());
      return promise;
    },
    refill(holding) {
      const free = holding.account.free(clock.ticks());
      if (alone || closed || wants.has(holding) || holding.open <= 0 || free * 2 >= holding.lastGrant) return;
      wants.set(holding, Math.max(0, free) + 1);
      queueMicrotask(() => void run());
    },
    mayHaveMore: ({ open, answeredAtMs }) =>
      open > 0 || (!alone && clock.ticks() - answeredAtMs >= leaseTimes.recheckMs),
    check(lines) {
      if (isLive()) return;
      const ticksMs = clock.ticks();
      for (const line of lines) loosen(line.holding(), ticksMs);
    },
    async close(limitMs) {
      closed = true;
      clearInterval(timer);
      for (const { leaseId } of holdings.values()) retired.add(leaseId);
      const limit = Promise.withResolvers<void>();
      const late = setTimeout(limit.resolve, limitMs);
      await Promise.race([Promise.resolve(running).then(run), limit.promise]);
      clearTimeout(late);
    },
  };
}
