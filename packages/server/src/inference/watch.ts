// Watches a request's plans and tries, for metrics and for its trace. Decides nothing.

import type { ErrorCode } from "@auxot/wire/errors";
import type { Offer, Placement, SourceCall } from "../sources/source.ts";
import { nameOffer, type Plan } from "./plan.ts";
import type { RequestTrace } from "./trace.ts";

/** Told of tries, for metrics. Never throws, never waits. */
export type TryObserver = {
  /** One try is over; without `error` it showed content. */
  onTried(tried: Pick<Placement, "provider" | "tier">, error: ErrorCode | undefined): void;
  /** Another source is asked because this one failed. */
  onMoved(from: Pick<Placement, "provider" | "tier">, error: ErrorCode): void;
};

export type TryWatch = {
  /** To be called with the plan, or the code of its refusal. Undefined: of no interest. */
  startPlan(): ((plan: Plan | ErrorCode) => void) | undefined;
  /** One of `onShown` and `onFailed` ends it. */
  startTry(targets: readonly Offer[], number: number): WatchedTry;
};

export type WatchedTry = {
  /** For the source's call. */
  readonly handOn: Pick<SourceCall, "traceHeaders">;
  onShown(placement: Placement): void;
  onFailed(error: ErrorCode): void;
};

const shownOffers = 20;
const nothing = {};

/** Undefined when nobody is interested. */
export function createTryWatch(
  observer: TryObserver | undefined,
  trace: RequestTrace | undefined,
): TryWatch | undefined {
  if (observer === undefined && trace === undefined) return undefined;
  let failed: { readonly offer: Offer; readonly error: ErrorCode } | undefined;
  return {
    startPlan() {
      const span = trace?.span.start("plan", "internal");
      return span && ((plan) => endPlan(span, plan));
    },
    startTry(targets, number) {
      const [offer] = targets;
      if (failed !== undefined) observer?.onMoved(failed.offer, failed.error);
      const attempt = offer && trace?.startAttempt(offer, number);
      return {
        handOn: attempt?.handOn ?? nothing,
        onShown(placement) {
          observer?.onTried(placement, undefined);
          attempt?.end(placement, undefined);
        },
        onFailed(error) {
          if (offer !== undefined) {
            failed = { offer, error };
            observer?.onTried(offer, error);
          }
          attempt?.end(undefined, error);
        },
      };
    },
  };
}

function endPlan(span: RequestTrace["span"], plan: Plan | ErrorCode): void {
  if (typeof plan === "string") return span.end(plan);
  const considered = plan.considered.slice(0, shownOffers);
  span.set({ "auxot.plan.offers": considered.map(({ offer, left }) => `${nameOffer(offer)}: ${left ?? "free"}`) });
  span.end();
}
