// One request to one source: plans, attempts, measures, and records one usage row at the end, however it ends.

import type { AnswerBatch } from "@auxot/wire/chat-event";
import type { ChatRequest, FormatName } from "@auxot/wire/chat";
import { AppError, errorCodes, toErrorBody, type ErrorBody, type ErrorCode } from "@auxot/wire/errors";
import { noUsage } from "@auxot/wire/usage";
import type { Caller } from "../platform/caller.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { UsageRow } from "../records/usage/store.ts";
import type { Answer, Offer, Placement, SourceCall } from "../sources/source.ts";
import { attempt, type AttemptLimits } from "./attempt.ts";
import { createUsageCount } from "./count-usage.ts";
import type { Parked } from "./hold.ts";
import { readNeeds, type Needs } from "./needs.ts";
import { planRoute, type Pin } from "./plan.ts";

export type InferInput = {
  readonly requestId: string;
  readonly caller: Caller;
  /** The format of the caller. */
  readonly dialect: FormatName;
  readonly request: ChatRequest;
  /** Who answered the conversation so far and should go on. */
  readonly pin?: Pin;
  readonly log: Log;
};

export type Inference = {
  readonly placement: Placement;
  readonly tries: number;
  /** What the target's format could not carry. */
  readonly warnings: readonly string[];
  /** Headers of the upstream for a caller of its dialect. */
  readonly headers?: Answer["headers"];
  /** Ends with one `end` or `error` event and never throws. To be read to its end or left by `return`. */
  readonly batches: AsyncIterableIterator<AnswerBatch>;
};

export type InferDeps = {
  offers(): readonly Offer[];
  run(call: SourceCall, signal: AbortSignal): Promise<Answer>;
  /** The worker that should go on with what the request goes on from, while it is there. */
  findHolder(callerId: string, request: ChatRequest): (Parked & { readonly parked: boolean }) | undefined;
  recordUsage(row: UsageRow): void;
  readonly limits: AttemptLimits;
  readonly clock: Clock;
};

/** Resolves at the commit point (the whole answer, when not streamed). Throws AppError before it. */
export type Infer = (input: InferInput, signal: AbortSignal) => Promise<Inference>;

/** Throws what `infer` would, when that is the request's own fault, and records the row. Nothing is asked of a source. */
export type CheckRoute = (input: InferInput) => void;

export function createCheckRoute(deps: Pick<InferDeps, "offers" | "clock" | "recordUsage">): CheckRoute {
  return (input) => {
    const meter = createMeter(deps, input);
    try {
      planRoute(input.request.model, readNeeds(input.request), deps.offers(), deps.clock.now(), input.pin);
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
      meter.needs = needs;
      const attempted = await attempt(
        {
          run: async (call, attemptSignal) => {
            const answer = await deps.run(call, attemptSignal);
            meter.onPlaced(answer.placement);
            return answer;
          },
          plan: (mayTry) =>
            planRoute(request.model, needs, deps.offers().filter(mayTry), deps.clock.now(), pin ?? toPin(findHolder())),
          findParked() {
            const holder = findHolder();
            return holder?.parked ? holder : undefined;
          },
          limits: deps.limits,
          log,
        },
        { requestId, callerId: caller.keyId, request },
        signal,
        meter,
      );
      meter.onCommit();
      return { ...attempted, batches: measure(attempted.batches, meter) };
    } catch (error) {
      meter.settle(signal.aborted ? new AppError("cancelled", "The caller left.") : error, false);
      throw error;
    }
  };
}

/** A parked process keeps the conversation for as long as it has room; a warm cache is worth less than a faster tier. */
function toPin(holder: ReturnType<InferDeps["findHolder"]>): Pin | undefined {
  if (holder === undefined) return undefined;
  const { provider, model, parked } = holder;
  return { provider, model, holds: parked ? "while-free" : "within-tier" };
}

export type Meter = {
  tries: number;
  needs: Needs | undefined;
  onPlaced(placement: Placement): void;
  onCommit(): void;
  /** Counts the batch and gives it on, with the final count in it. */
  onBatch(batch: AnswerBatch): AnswerBatch;
  /** Records the row and logs the same numbers; later calls do nothing. `begun`: the caller has seen a 200. */
  settle(error: unknown, begun: boolean): void;
};

/** Measures one request from now on. */
export function createMeter(
  deps: Pick<InferDeps, "recordUsage" | "clock">,
  input: Pick<InferInput, "requestId" | "caller" | "dialect" | "log"> & {
    readonly request: Pick<ChatRequest, "model" | "stream">;
  },
): Meter {
  const startedAt = deps.clock.now();
  let settled = false;
  let placement: Placement | undefined;
  let placedAt: number | undefined;
  let committedAt: number | undefined;
  // The needs' guess is a low one, made to leave out contexts that are certainly too small.
  const count = createUsageCount(input.request.stream, () => (meter.needs?.promptTokens ?? 0) * 2);

  const warned = new Set<string>();

  const meter: Meter = {
    tries: 0,
    needs: undefined,
    onPlaced(next) {
      placement = next;
      placedAt = deps.clock.now();
    },
    onCommit() {
      committedAt = deps.clock.now();
    },
    onBatch(batch) {
      count.onBatch(batch);
      // Those that come behind the first token are too late for the header.
      for (const event of batch.events) {
        if (event.type !== "warning" || warned.has(event.message)) continue;
        warned.add(event.message);
        input.log.info({ warning: event.message }, "source warned");
      }
      return count.complete(batch);
    },
    settle(thrown, begun) {
      if (settled) return;
      settled = true;
      const error = thrown === undefined ? undefined : toErrorBody(thrown);
      const now = deps.clock.now();
      const usage = committedAt === undefined ? noUsage : count.total(error === undefined);
      const outcome = readOutcome(error, begun, thrown);
      deps.recordUsage({
        id: input.requestId,
        at: startedAt,
        keyId: input.caller.keyId,
        keyName: input.caller.name,
        dialect: input.dialect,
        stream: input.request.stream,
        requestedModel: input.request.model,
        ...placement,
        tries: meter.tries,
        usage,
        queueMs: (placedAt ?? now) - startedAt,
        ...(committedAt === undefined ? {} : { firstTokenMs: committedAt - startedAt }),
        totalMs: now - startedAt,
        ...outcome,
      });
      input.log.info({ ...outcome, ...placement, tries: meter.tries, usage }, "inference");
    },
  };
  return meter;
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
        else if (event.type === "end") meter.settle(undefined, true);
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

function readOutcome(
  error: ErrorBody | undefined,
  begun: boolean,
  thrown: unknown,
): Pick<UsageRow, "outcome" | "status"> & { readonly errorCode?: ErrorCode } {
  if (error === undefined) return { outcome: "ok", status: 200 };
  const passed = thrown instanceof AppError ? thrown.passed : undefined;
  const status = begun ? 200 : (passed?.status ?? errorCodes[error.code].status);
  return { outcome: error.code === "cancelled" ? "cancelled" : "error", errorCode: error.code, status };
}
