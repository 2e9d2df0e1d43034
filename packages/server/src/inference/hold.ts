// Whether a request waits a moment for the worker that keeps a process for it, before anybody else is asked.

import type { Offer, SourceCall } from "../sources/source.ts";
import type { Plan } from "./plan.ts";

/** A worker that waits for the results of the tools it called. `provider` is the name. */
export type Parked = { readonly provider: string; readonly model: string; readonly workerId: string };

type HeldStep = Pick<SourceCall, "targets" | "retarget" | "waitMs">;

export type Hold = {
  /** The step to the parked worker alone; undefined where there is none, or it was taken before. Waits `leftMs` at most. */
  next(plan: Plan, leftMs: number): HeldStep | undefined;
};

/**
 * Anybody else starts a process and reads the whole history to it, which takes about as long as this (a guess). Waiting up to
 * what it saves costs at most twice the better choice, whenever the worker's slot comes free.
 */
export const holdMs = 2000;

/** `listOthers` says who may have the request once the parked worker has left: it need not be waited for then. */
export function createHold(
  findParked: (() => Parked | undefined) | undefined,
  listOthers: (before: readonly Offer[]) => readonly Offer[],
): Hold {
  let isOver = false;
  return {
    next({ free, busy }, leftMs) {
      const parked = isOver ? undefined : findParked?.();
      isOver = true;
      if (parked === undefined) return undefined;
      const offer = [...free, ...busy].find(
        ({ provider, model }) => provider === parked.provider && model === parked.model,
      );
      if (offer === undefined) return undefined;
      const targets = [{ ...offer, workerId: parked.workerId }];
      return {
        targets,
        waitMs: Math.max(0, Math.min(holdMs, leftMs)),
        retarget: () => (findParked?.()?.workerId === parked.workerId ? targets : listOthers(targets)),
      };
    },
  };
}
