// Owns the limits in force: which are for whom, and what this router holds of each now.

import type { Limit, LimitSubject } from "@auxot/wire/limit";
import { createHolding, endlessSpan, loosen, type Holding } from "./holding.ts";
import type { LeaseClock, Leases } from "./leases.ts";
import { findWindow } from "./windows.ts";

/** A limit in force. */
export type LimitLine = {
  limit(): Limit;
  /** What is held of it now: of a budget in the present window. */
  holding(): Holding;
};

export type Book = {
  /** Replaces all limits. What is reserved and spent stays with those that stay. */
  setLimits(limits: readonly Limit[]): void;
  /** Every limit for any of the subjects, by their names. */
  match(subjects: readonly string[]): readonly LimitLine[];
  /** Changes whenever `match` may give something else. */
  generation(): number;
  lines(): readonly LimitLine[];
};

type Line = LimitLine & {
  /** For the same thing, another amount or action. */
  edit(limit: Limit): void;
  retire(): void;
};

export function nameSubject({ type, id }: LimitSubject): string {
  return type === "org" ? "org" : `${type} ${id}`;
}

export function createBook(leases: Pick<Leases, "add" | "retire">, clock: LeaseClock): Book {
  let lines = new Map<string, Line>();
  let bySubject = new Map<string, Line[]>();
  let generation = 0;

  return {
    setLimits(limits) {
      const kept = new Map<string, Line>();
      const sorted = new Map<string, Line[]>();
      for (const limit of limits) {
        const before = lines.get(limit.id);
        const line = before !== undefined && isSame(before.limit(), limit) ? before : createLine(limit, leases, clock);
        line.edit(limit);
        kept.set(limit.id, line);
        const name = nameSubject(limit.subject);
        sorted.set(name, [...(sorted.get(name) ?? []), line]);
      }
      for (const [id, line] of lines) if (kept.get(id) !== line) line.retire();
      lines = kept;
      bySubject = sorted;
      generation++;
    },
    match: (subjects) => subjects.flatMap((name) => bySubject.get(name) ?? []),
    generation: () => generation,
    lines: () => [...lines.values()],
  };
}

/** Whether what was counted for one counts for the other. */
function isSame(a: Limit, b: Limit): boolean {
  const isOfSame = nameSubject(a.subject) === nameSubject(b.subject) && a.model === b.model;
  return isOfSame && a.measure === b.measure && a.window === b.window;
}

function createLine(first: Limit, leases: Pick<Leases, "add" | "retire">, clock: LeaseClock): Line {
  let limit = first;
  let current: Holding | undefined;

  function begin(): Holding {
    const { window } = limit;
    const span = window === null || window === "minute" ? endlessSpan : findWindow(window, clock.now());
    const holding = createHolding(limit, span);
    leases.add(holding);
    return holding;
  }

  return {
    limit: () => limit,
    holding() {
      const now = clock.now();
      if (current !== undefined && now >= current.span.startMs && now < current.span.endMs) return current;
      // A clock set back begins the earlier window again; the database knows what was used of it.
      if (current !== undefined) leases.retire(current);
      current = begin();
      return current;
    },
    edit(next) {
      const isOther = next.amount !== limit.amount;
      limit = next;
      if (current === undefined) return;
      current.limit = next;
      if (isOther) loosen(current, clock.ticks());
    },
    retire() {
      if (current !== undefined) leases.retire(current);
    },
  };
}
