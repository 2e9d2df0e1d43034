// Decides about one request and the limits it must fit into: let it in, keep it from some places, let it wait, or refuse it.
// Reserves when it lets in. Asks nobody and waits for nothing.

import type { AppError } from "@auxot/wire/errors";
import { isRate, matchesPattern, type Allowance, type AllowanceLine, type Limit } from "@auxot/wire/limit";
import type { LimitLine } from "./book.ts";
import { estimate, type Candidate, type CostOf, type Demand } from "./estimate.ts";
import type { Holding } from "./holding.ts";
import type { LeaseClock, Leases, Wanted } from "./leases.ts";
import { takeAll, type Reservation } from "./ledger.ts";
import { refuse, tellLocalOnly, warn, type ShortLine } from "./refusal.ts";

/** Keeps a request from places it may not go to, and says so where no other is left. */
export type Restriction = {
  bars(place: Pick<Candidate, "tier" | "provider" | "model">): boolean;
  readonly refusal: AppError;
};

export type Admitted = {
  readonly kind: "admitted";
  readonly reservation: Reservation;
  readonly holdings: readonly Holding[];
  readonly restriction?: Restriction;
  readonly warnings: readonly string[];
  /** Read when it is told: later than here, in a stream. */
  readonly allowance: Allowance;
};

export type Verdict =
  | Admitted
  /** The database may have more of these. */
  | { readonly kind: "ask"; readonly wanted: readonly Wanted[] }
  /** `refusal` is for one who has waited too long. */
  | {
      readonly kind: "wait";
      readonly lines: readonly LimitLine[];
      readonly againInMs: number;
      readonly refusal: AppError;
    }
  | { readonly kind: "refused"; readonly refusal: AppError }
  /** Only the database could tell, and it does not answer. */
  | { readonly kind: "unknown" };

export type JudgeDeps = {
  readonly leases: Pick<Leases, "check" | "mayHaveMore">;
  readonly clock: LeaseClock;
  readonly costOf: CostOf;
};

/** `mustWait`: others wait for this limit already. `isCutOff`: the database was asked and did not answer. */
export type Circumstances = { mustWait(line: LimitLine): boolean; readonly isCutOff: boolean };

type Measured = {
  readonly line: LimitLine;
  readonly limit: Limit;
  readonly holding: Holding;
  readonly amount: number;
  readonly isShort: boolean;
};

type Bar = Restriction & { readonly line: LimitLine; readonly warning: string | undefined };

/** Clients give up when they are told to wait longer than a minute (Claude Code), and it is at most a second more. */
const longestRateWaitMs = 60_000;

/** Asked again, after the database answered or room came, it decides anew: nothing is kept of a verdict but what it admitted. */
export function judge(
  deps: JudgeDeps,
  lines: readonly LimitLine[],
  demand: Demand,
  circumstances: Circumstances,
): Verdict {
  const { leases, clock } = deps;
  leases.check(lines);
  const ticksMs = clock.ticks();
  const bars: Bar[] = [];
  for (;;) {
    const candidates = demand.candidates.filter((place) => !bars.some((bar) => bar.bars(place)));
    if (candidates.length === 0 && bars.length > 0) return { kind: "refused", refusal: pickRefusal(bars) };
    const estimateFor = rememberEstimates(deps, demand, candidates);
    const measured = lines.map((line) => measure(line, estimateFor, circumstances, ticksMs));
    const short = measured.filter(({ isShort }) => isShort);
    const unsure = short.filter(({ holding, limit, amount }) => amount <= limit.amount && leases.mayHaveMore(holding));
    if (unsure.length > 0 && !circumstances.isCutOff) return { kind: "ask", wanted: unsure };
    const allowance = (): Allowance => readAllowance(measured, clock, ticksMs);
    const bar = findBar(short, bars, candidates, clock, allowance);
    if (bar !== undefined) {
      bars.push(bar);
      continue;
    }
    const hard = short.filter(({ limit }) => limit.action === "block" || limit.action === "throttle");
    if (hard.some((one) => unsure.includes(one))) return { kind: "unknown" };
    if (hard.length > 0) return refuseOrWait(hard, clock, allowance());
    return admit(deps, measured, bars, ticksMs);
  }
}

type EstimateFor = (limit: Limit) => number;

/** Limits on the same thing are estimated once: `auto` may go to hundreds of places. */
function rememberEstimates({ costOf }: JudgeDeps, demand: Demand, candidates: readonly Candidate[]): EstimateFor {
  const known = new Map<string, number>();
  return ({ measure, model }) => {
    const key = model === null ? measure : `${measure} ${model}`;
    const amount = known.get(key) ?? estimate(measure, model, demand, candidates, costOf);
    known.set(key, amount);
    return amount;
  };
}

function measure(line: LimitLine, estimateFor: EstimateFor, circumstances: Circumstances, ticksMs: number): Measured {
  const limit = line.limit();
  const holding = line.holding();
  const amount = estimateFor(limit);
  const hasRoom = amount === 0 || holding.account.free(ticksMs) >= amount;
  const isQueued = amount > 0 && limit.action === "throttle" && circumstances.mustWait(line);
  return { line, limit, holding, amount, isShort: !hasRoom || isQueued };
}

/** The first limit that sends the request elsewhere, and has not yet. */
function findBar(
  short: readonly Measured[],
  bars: readonly Bar[],
  candidates: readonly Candidate[],
  clock: LeaseClock,
  readLeft: () => Allowance,
): Bar | undefined {
  for (const one of short) {
    const { line, limit } = one;
    if (bars.some((bar) => bar.line === line)) continue;
    if (limit.action === "local-only") {
      const bars = (place: Pick<Candidate, "tier" | "provider" | "model">): boolean =>
        place.tier === "cloud" && matchesPattern(limit.model, place);
      const told = describeShort(one, clock);
      return {
        line,
        bars,
        refusal: refuse(told, readLeft()),
        warning: candidates.some(bars) ? tellLocalOnly(told) : undefined,
      };
    }
    const hasOthers = candidates.some((place) => !matchesPattern(limit.model, place));
    if (limit.action === "block" && limit.model !== null && hasOthers) {
      const told = describeShort(one, clock);
      return {
        line,
        bars: (place) => matchesPattern(limit.model, place),
        refusal: refuse(told, readLeft()),
        warning: warn(told),
      };
    }
  }
  return undefined;
}

function refuseOrWait(hard: readonly Measured[], clock: LeaseClock, allowance: Allowance): Verdict {
  const told = hard.map((one) => ({ ...one, ...describeShort(one, clock) }));
  const canWait = told.every(({ limit, amount }) => limit.action === "throttle" && amount <= limit.amount);
  // Of several, the one that keeps it longest; one it can never fit into before all others.
  const rank = ({ limit, amount, againInMs }: (typeof told)[number]): number =>
    amount > limit.amount ? Number.POSITIVE_INFINITY : againInMs;
  const worst = told.reduce((a, b) => (rank(b) > rank(a) ? b : a));
  const refusal = refuse(worst, allowance);
  if (!canWait) return { kind: "refused", refusal };
  return { kind: "wait", lines: told.map(({ line }) => line), againInMs: worst.againInMs, refusal };
}

function admit({ clock }: JudgeDeps, measured: readonly Measured[], bars: readonly Bar[], ticksMs: number): Admitted {
  const warnings = bars.flatMap(({ warning }) => warning ?? []);
  for (const one of measured) {
    if (one.isShort && one.limit.action === "warn") warnings.push(warn(describeShort(one, clock)));
  }
  const entries = measured.map(({ holding, amount, isShort }) => ({
    account: holding.account,
    amount,
    forced: isShort,
  }));
  const reservation = takeAll(entries, ticksMs);
  for (const { holding, amount } of measured) if (amount > 0) holding.takenAtMs = ticksMs;
  return {
    kind: "admitted",
    reservation,
    holdings: measured.map(({ holding }) => holding),
    ...(bars.length === 0
      ? {}
      : {
          restriction: {
            bars: (place) => bars.some((bar) => bar.bars(place)),
            refusal: pickRefusal(bars),
          },
        }),
    warnings,
    allowance: readAllowance(measured, clock, ticksMs),
  };
}

/** Where several limits bar, what the first says: it would have to be raised first. */
function pickRefusal(bars: readonly Bar[]): AppError {
  const [first] = bars;
  if (first === undefined) throw new Error("No limit bars anything.");
  return first.refusal;
}

function describeShort({ limit, holding, amount }: Measured, clock: LeaseClock): ShortLine {
  const { span } = holding;
  const freesInMs = Math.min(longestRateWaitMs, holding.account.freesIn(amount, clock.ticks()) ?? 1000);
  const againInMs = isRate(limit) ? freesInMs : Math.max(0, span.endMs - clock.now());
  return { limit, amount, remaining: readRemaining(holding, clock.ticks()), againInMs, resetsAt: span.endMs };
}

function readRemaining({ account, open }: Holding, ticksMs: number): number {
  return Math.max(0, account.free(ticksMs) + (Number.isFinite(open) ? open : 0));
}

/** Of each measure the line with least left, among those that would stop a request. */
function readAllowance(measured: readonly Measured[], clock: LeaseClock, ticksMs: number): Allowance {
  let requests: AllowanceLine | undefined;
  let tokens: AllowanceLine | undefined;
  for (const { limit, holding, amount } of measured) {
    const stops = limit.action === "block" || limit.action === "throttle";
    if (!stops || amount === 0 || limit.window === null) continue;
    const line = (): AllowanceLine => describeLine(limit, holding, clock, ticksMs);
    if (limit.measure === "requests") requests = pickTighter(requests, line());
    if (limit.measure === "tokens") tokens = pickTighter(tokens, line());
  }
  return { ...(requests === undefined ? {} : { requests }), ...(tokens === undefined ? {} : { tokens }) };
}

function pickTighter(a: AllowanceLine | undefined, b: AllowanceLine): AllowanceLine {
  return a === undefined || b.remaining < a.remaining ? b : a;
}

function describeLine(limit: Limit, holding: Holding, clock: LeaseClock, ticksMs: number): AllowanceLine {
  return {
    amount: limit.amount,
    remaining: Math.min(limit.amount, readRemaining(holding, ticksMs)),
    resetsInMs: isRate(limit) ? holding.account.emptiesIn(ticksMs) : Math.max(0, holding.span.endMs - clock.now()),
  };
}
