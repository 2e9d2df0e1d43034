// Puts the parts of admission together: the limits in force, what this router holds of them, and the gate.

import type { Limit } from "@auxot/wire/limit";
import { setTimeout as wait } from "node:timers/promises";
import type { Caller } from "../platform/caller.ts";
import type { Log } from "../platform/log.ts";
import type { WriteAlert } from "../records/limits/events.ts";
import type { LimitStore } from "../records/limits/store.ts";
import { createAlerts } from "./alerts.ts";
import { createBook, type LimitLine } from "./book.ts";
import type { CostOf, Demand } from "./estimate.ts";
import { createGate, unlimited, type Admission } from "./gate.ts";
import { createLeases, type LeaseClock } from "./leases.ts";
import type { LeaseStore } from "./lease-store.ts";
import { listSubjects } from "./subjects.ts";
import { findWindow } from "./windows.ts";

export type AdmissionRoom = {
  /** As `Gate.admit`, by the limits of the caller. The demand is asked for only when there are any. */
  admit(caller: Caller, readDemand: () => Demand, signal: AbortSignal): Admission | Promise<Admission>;
  /** Ids of the limits that are for the caller, widest first. */
  findIdsFor(caller: Caller): readonly string[];
  /** What is used of a limit in its present window: settled of a budget, on this router of a rate. */
  readUse(limit: Limit): Promise<{ readonly used: number; readonly resetsAt: Date | null }>;
  /** Takes the limits as the database has them now. */
  reload(): Promise<void>;
  /** Writes down what was spent and gives the rest back; gives up after some seconds. */
  close(): Promise<void>;
};

export type AdmissionDeps = {
  readonly limits: Pick<LimitStore, "listAll" | "readStamp">;
  readonly leases: LeaseStore;
  readonly costOf: CostOf;
  readonly clock: LeaseClock;
  readonly log: Log;
  /** No other router can be on this database. */
  readonly alone: boolean;
  readonly waitMs: number;
  readonly writeAlert: WriteAlert;
  readonly reloadEveryMs?: number;
  readonly writeEveryMs?: number;
};

const closeWithinMs = 3000;
const forgetEveryMs = 60 * 60 * 1000;
const forgetAtOnce = 1000;
const dayMs = 86_400_000;

/** Throws when the database does not answer. */
export async function openAdmission(deps: AdmissionDeps): Promise<AdmissionRoom> {
  const { limits, leases: leaseStore, clock, log, alone, reloadEveryMs = 5000, writeEveryMs = 1000 } = deps;
  const alerts = createAlerts({ writeAlert: deps.writeAlert, clock, log });
  const leases = createLeases({ store: leaseStore, clock, log, alone, onSpent: alerts.onSpent, writeEveryMs });
  const book = createBook(leases, clock);
  const gate = createGate({ leases, clock, costOf: deps.costOf, waitMs: deps.waitMs });
  const known = new WeakMap<Caller, { readonly generation: number; readonly lines: readonly LimitLine[] }>();
  let stamp = "";
  /** Reads that cross each other: what began later counts. */
  let begun = 0;
  let taken = 0;

  async function reload(): Promise<void> {
    const turn = ++begun;
    const next = await limits.readStamp();
    if (next === stamp) return;
    const found = await limits.listAll();
    if (turn < taken) return;
    taken = turn;
    book.setLimits(found);
    stamp = next;
  }

  /** Other routers edit limits too. */
  function follow(): void {
    reload().catch((err: unknown) => log.warn({ err }, "Cannot ask for changed limits; those known stay in force"));
  }

  function forget(): void {
    const before = new Date(clock.now() - dayMs);
    leaseStore.forget(before, forgetAtOnce).catch((err: unknown) => log.warn({ err }, "Cannot delete old leases"));
  }

  function findLines(caller: Caller): readonly LimitLine[] {
    const found = known.get(caller);
    const generation = book.generation();
    if (found?.generation === generation) return found.lines;
    const lines = book.match(listSubjects(caller));
    known.set(caller, { generation, lines });
    return lines;
  }

  // Whoever held leases here before is gone.
  if (alone) await leaseStore.endAll();
  await reload();
  const timers = [setInterval(follow, reloadEveryMs), setInterval(forget, forgetEveryMs)];
  for (const timer of timers) timer.unref();
  return {
    admit(caller, readDemand, signal) {
      const lines = findLines(caller);
      return lines.length === 0 ? unlimited : gate.admit(lines, readDemand(), signal);
    },
    findIdsFor: (caller) => findLines(caller).map((line) => line.limit().id),
    async readUse({ id, window }) {
      if (window === null || window === "minute") {
        const line = book.lines().find((one) => one.limit().id === id);
        return { used: line?.holding().account.used(clock.ticks()) ?? 0, resetsAt: null };
      }
      const { startMs, endMs } = findWindow(window, clock.now());
      return { used: await leaseStore.readSpent(id, startMs), resetsAt: new Date(endMs) };
    },
    reload,
    async close() {
      for (const timer of timers) clearInterval(timer);
      await leases.close(closeWithinMs);
      await Promise.race([alerts.settled(), wait(closeWithinMs, undefined, { ref: false })]);
    },
  };
}
