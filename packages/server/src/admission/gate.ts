// The gate every request goes through: reserves in all limits that are for its caller, and settles once when it is over.

import { AppError } from "@auxot/wire/errors";
import { matchesPattern, type Allowance } from "@auxot/wire/limit";
import type { Usage } from "@auxot/wire/usage";
import type { LimitLine } from "./book.ts";
import { measureUsage, type Candidate, type CostOf, type Demand } from "./estimate.ts";
import { judge, type Admitted, type Restriction, type Verdict } from "./judge.ts";
import type { LeaseClock, Leases, Wanted } from "./leases.ts";
import { refuseUnknown } from "./refusal.ts";
import { createTurns } from "./turns.ts";

export type Admission = {
  /** Where the request may not go. */
  readonly restriction?: Restriction;
  /** For the caller. */
  readonly warnings: readonly string[];
  /** What is left to the caller. Undefined: nothing limits it. */
  readonly allowance: Allowance | undefined;
  /**
   * Replaces what was reserved by what was used; the first call counts, later ones do nothing. `place` is the last source
   * asked; undefined when none was: then nothing was used. `usage` undefined: it gave nothing, and only the request counts.
   * `beganAt` (ms since 1970) says which prices are true of it; now, when it is left out.
   */
  settle(
    place: Pick<Candidate, "tier" | "provider" | "model"> | undefined,
    usage: Usage | undefined,
    beganAt?: number,
  ): void;
};

export type Gate = {
  /** At once where it can. Throws `rate_limited`, `insufficient_quota`, `no_capacity` or `cancelled`. */
  admit(lines: readonly LimitLine[], demand: Demand, signal: AbortSignal): Admission | Promise<Admission>;
};

export type GateDeps = {
  readonly leases: Leases;
  readonly clock: LeaseClock;
  readonly costOf: CostOf;
  /** How long a request waits for its turn in a limit that throttles. */
  readonly waitMs: number;
  readonly maxWaiting?: number;
  /** How long a request waits for the database when a lease is used up. */
  readonly askWithinMs?: number;
};

/** Where nothing limits. */
export const unlimited: Admission = { warnings: [], allowance: undefined, settle() {} };

/** The database answers each with what it needs; who comes short again had others before it. */
const maxAsks = 20;

const atOnce = (): boolean => false;

export function createGate(deps: GateDeps): Gate {
  const { leases, clock, costOf, waitMs, maxWaiting = 1000, askWithinMs = 2000 } = deps;
  const turns = createTurns({ waitMs, maxWaiting, ask: ({ wanted }) => leases.ask(wanted) });
  const inOrder = (line: LimitLine): boolean => turns.isAwaited(line);

  async function ask(wanted: readonly Wanted[]): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), askWithinMs);
    try {
      const answered = leases.ask(wanted).then(
        () => true,
        () => false,
      );
      return await Promise.race([answered, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async function admitLater(
    lines: readonly LimitLine[],
    demand: Demand,
    first: Verdict,
    signal: AbortSignal,
  ): Promise<Admission> {
    let verdict = first;
    for (let asks = 0; verdict.kind === "ask"; asks++) {
      const isCutOff = asks >= maxAsks || !(await ask(verdict.wanted));
      if (signal.aborted) throw new AppError("cancelled", "The caller left.");
      verdict = judge(deps, lines, demand, { mustWait: inOrder, isCutOff });
    }
    if (verdict.kind === "wait") {
      const again = (): Verdict => judge(deps, lines, demand, { mustWait: atOnce, isCutOff: false });
      verdict = await turns.wait(verdict, again, signal);
    }
    return open(lines, verdict);
  }

  function open(lines: readonly LimitLine[], verdict: Verdict): Admission {
    switch (verdict.kind) {
      case "admitted":
        return describe(lines, verdict);
      case "refused":
        throw verdict.refusal;
      case "ask":
      case "wait":
      case "unknown":
        throw refuseUnknown();
    }
  }

  function describe(lines: readonly LimitLine[], admitted: Admitted): Admission {
    const { reservation, holdings, restriction, warnings, allowance } = admitted;
    for (const holding of holdings) leases.refill(holding);
    const limits = lines.map((line) => line.limit());
    return {
      ...(restriction === undefined ? {} : { restriction }),
      warnings,
      allowance,
      settle(place, usage, beganAt) {
        const readUsed = (index: number): number => {
          const limit = limits[index];
          if (place === undefined || limit === undefined || !matchesPattern(limit.model, place)) return 0;
          return measureUsage(limit.measure, place, usage, (at, counted) => costOf(at, counted, beganAt));
        };
        if (reservation.settle(readUsed, clock.ticks())) turns.onRoom();
      },
    };
  }

  return {
    admit(lines, demand, signal) {
      if (lines.length === 0) return unlimited;
      const verdict = judge(deps, lines, demand, { mustWait: inOrder, isCutOff: false });
      if (verdict.kind === "admitted") return describe(lines, verdict);
      if (verdict.kind === "refused") throw verdict.refusal;
      return admitLater(lines, demand, verdict, signal);
    },
  };
}
