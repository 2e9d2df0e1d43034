// One request to one source: plans, attempts, measures (meter.ts), and gives the answer on.

import type { AnswerBatch } from "@auxot/wire/chat-event";
import type { ChatRequest, FormatName } from "@auxot/wire/chat";
import { AppError, errorCodes } from "@auxot/wire/errors";
import type { Allowance } from "@auxot/wire/limit";
import type { AdmissionRoom } from "../admission/admission.ts";
import type { Caller } from "../platform/caller.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log, LogFields } from "../platform/log.ts";
import type { Span } from "../platform/telemetry.ts";
import type { RequestOrigin } from "../platform/request-origin.ts";
import type { UsageRow } from "../records/usage/store.ts";
import type { Answer, Offer, Placement, SourceCall } from "../sources/source.ts";
import { hideVendorLimits, readDemand, tellAllowance } from "./admit.ts";
import { attempt, type AttemptLimits } from "./attempt.ts";
import type { Parked } from "./hold.ts";
import { createMeter, type Meter } from "./meter.ts";
import { readNeeds } from "./needs.ts";
import { planRoute, type Pin } from "./plan.ts";
import type { TryObserver } from "./watch.ts";
import { openRules, type RouteRules } from "./route-rules.ts";
import type { PricesOfUsage } from "./usage-row.ts";

export type InferInput = {
  readonly requestId: string;
  readonly caller: Caller;
  readonly origin: RequestOrigin;
  /** The format of the caller. */
  readonly dialect: FormatName;
  readonly request: ChatRequest;
  /** Who answered the conversation so far and should go on. */
  readonly pin?: Pin;
} & InputLinks;

/** Where it is told what becomes of a request. */
export type InputLinks = {
  readonly log: Log;
  /** Of the whole request. Absent: it is not traced. */
  readonly span?: Span;
  /** Takes what is to be logged of it, once. Absent: it gets a line of its own. */
  note?(fields: LogFields): void;
};

export type Inference = {
  readonly placement: Placement;
  readonly tries: number;
  /** What the target's format could not carry. */
  readonly warnings: readonly string[];
  /** Headers of the upstream for a caller of its dialect. */
  readonly headers?: Answer["headers"];
  /** What the caller's limits leave to it. Absent: it has none. */
  readonly allowance?: Allowance;
  /** Ends with one `end` or `error` event and never throws. To be read to its end or left by `return`. */
  readonly batches: AsyncIterableIterator<AnswerBatch>;
};

export type InferDeps = {
  offers(): readonly Offer[];
  run(call: SourceCall, signal: AbortSignal): Promise<Answer>;
  /** The worker that should go on with what the request goes on from, while it is there. */
  findHolder(callerId: string, request: ChatRequest): (Parked & { readonly parked: boolean }) | undefined;
  readonly prices: PricesOfUsage;
  recordUsage(row: UsageRow): void;
  readonly observer?: TryObserver | undefined;
  /** What holds for a caller's requests; absent: nothing is set for anybody. */
  rulesFor?(caller: Caller): RouteRules;
  /** Reserves in the caller's limits. Throws what refuses it. */
  readonly admit: AdmissionRoom["admit"];
  readonly limits: AttemptLimits;
  readonly clock: Clock;
};

/** Resolves at the commit point (the whole answer, when not streamed). Throws AppError before it. */
export type Infer = (input: InferInput, signal: AbortSignal) => Promise<Inference>;

/** Throws what `infer` would, when that is the request's own fault, and records the row. Nothing is asked of a source. */
export type CheckRoute = (input: InferInput) => void;

export function createCheckRoute(
  deps: Pick<InferDeps, "offers" | "clock" | "prices" | "recordUsage" | "rulesFor">,
): CheckRoute {
  return (input) => {
    const meter = createMeter(deps, input);
    const { request, pin, caller } = input;
    try {
      planRoute(request.model, readNeeds(request), deps.offers(), deps.clock.now(), pin, deps.rulesFor?.(caller));
    } catch (error) {
      if (error instanceof AppError && errorCodes[error.code].status >= 500) return;
      meter.settle(error, false);
      throw error;
    }
  };
}

export function createInfer(deps: InferDeps): Infer {
  return async (input, signal) => {
    const { request, requestId, caller, log, pin } = input;
    const meter = createMeter(deps, input);
    const findHolder = (): ReturnType<InferDeps["findHolder"]> => deps.findHolder(caller.keyId, request);
    try {
      const needs = readNeeds(request);
      // The needs' guess is a low one, made to leave out contexts that are certainly too small.
      meter.promptTokens = needs.promptTokens * 2;
      const rules = deps.rulesFor?.(caller) ?? openRules;
      const admission = await deps.admit(caller, () => readDemand(request, needs, deps.offers(), rules), signal);
      meter.onAdmitted(admission);
      const attempted = await attempt(
        {
          run: async (call, attemptSignal) => {
            meter.onAsked(call.targets[0]);
            const answer = await deps.run(call, attemptSignal);
            meter.onPlaced(answer.placement);
            return answer;
          },
          plan(mayTry) {
            const offers = deps.offers().filter(mayTry);
            const held = pin ?? toPin(findHolder());
            return planRoute(request.model, needs, offers, deps.clock.now(), held, rules, admission.restriction);
          },
          findParked() {
            const holder = findHolder();
            return holder?.parked ? holder : undefined;
          },
          limits: deps.limits,
          log,
          watch: meter.watch,
          onHead: meter.onHead,
          // A caller who reads nothing holds the connection for as long as they like, and must not hold a limit with it.
          onGivenUp: (error) => meter.settle(error, true),
        },
        { requestId, callerId: caller.keyId, request },
        signal,
        meter,
      );
      meter.onCommit();
      return { ...tellAllowance(attempted, admission), batches: measure(attempted.batches, meter) };
    } catch (error) {
      meter.settle(signal.aborted ? new AppError("cancelled", "The caller left.") : error, false);
      throw hideVendorLimits(error, meter.admission());
    }
  };
}

/** A parked process keeps the conversation for as long as it has room; a warm cache is worth less than a faster tier. */
function toPin(holder: ReturnType<InferDeps["findHolder"]>): Pin | undefined {
  if (holder === undefined) return undefined;
  const { provider, model, parked } = holder;
  return { provider, model, holds: parked ? "while-free" : "within-tier" };
}

/** Watches what passes by and settles the meter at the end. */
function measure(batches: AsyncIterableIterator<AnswerBatch>, meter: Meter): AsyncIterableIterator<AnswerBatch> {
  return {
    async next() {
      const result = await batches.next();
      if (result.done) {
        meter.settle(undefined, true);
        return result;
      }
      const value = meter.onBatch(result.value);
      for (const event of value.events) {
        if (event.type === "error") meter.settle(new AppError(event.error.code, event.error.message), true);
        else if (event.type === "end") meter.settle(undefined, true, event.stopReason);
      }
      return { done: false, value };
    },
    return() {
      meter.settle(new AppError("cancelled", "The caller left."), true);
      return batches.return?.() ?? Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
