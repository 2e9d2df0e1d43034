// Measures one request: exactly one usage row at its end, however it ends, and the same numbers for log and trace.

import type { AnswerBatch } from "@auxot/wire/chat-event";
import type { ChatRequest, StopReason } from "@auxot/wire/chat";
import { AppError, errorCodes, toErrorBody, type ErrorBody, type ErrorCode } from "@auxot/wire/errors";
import { noUsage, type Usage } from "@auxot/wire/usage";
import type { Admission } from "../admission/gate.ts";
import type { LogFields } from "../platform/log.ts";
import type { UsageRow } from "../records/usage/store.ts";
import type { Offer, Placement } from "../sources/source.ts";
import { createUsageCount, type UsageCount } from "./count-usage.ts";
import type { InferDeps, InferInput } from "./infer.ts";
import { startTrace } from "./trace.ts";
import { describeOwner, readCosts } from "./usage-row.ts";
import { createTryWatch, type TryWatch } from "./watch.ts";

export type Meter = {
  tries: number;
  /** A guess, for where no source counts. */
  promptTokens: number;
  /** Undefined: nobody does. */
  readonly watch: TryWatch | undefined;
  onAdmitted(admission: Admission): void;
  /** Undefined before it was admitted. */
  admission(): Admission | undefined;
  /** A source is asked for the answer, the one before having failed. A cloud works from now on, a worker once it is placed. */
  onAsked(target: Pick<Offer, "tier" | "provider" | "model"> | undefined): void;
  onPlaced(placement: Placement): void;
  /** What the source gave before the commit point: counted when the caller leaves without seeing any of it. */
  onHead(batch: AnswerBatch): void;
  onCommit(): void;
  /** Counts the batch and gives it on, with the final count in it. */
  onBatch(batch: AnswerBatch): AnswerBatch;
  /** Records the row and logs the same numbers; later calls do nothing. `begun`: the caller has seen a 200. */
  settle(error: unknown, begun: boolean, stopReason?: StopReason): void;
};

/** Measures one request from now on. */
export function createMeter(
  deps: Pick<InferDeps, "prices" | "recordUsage" | "clock" | "observer">,
  input: Pick<InferInput, "requestId" | "caller" | "origin" | "dialect" | "log" | "span" | "note"> & {
    readonly request: Pick<ChatRequest, "model" | "stream">;
  },
): Meter {
  const startedAt = deps.clock.now();
  const trace = input.span === undefined ? undefined : startTrace(input.span, input);
  let settled = false;
  let admission: Admission | undefined;
  let placement: Placement | undefined;
  let placedAt: number | undefined;
  let committedAt: number | undefined;
  /** The last source asked is at work, or was until the answer ended. */
  let isAtWork = false;
  const openCount = (): UsageCount => createUsageCount(input.request.stream, () => meter.promptTokens);
  const count = openCount();
  let head: UsageCount | undefined;

  const warned = new Set<string>();

  /** A source that fails before the commit point asks nothing for it; one that was left in the middle does. */
  function countUsed(error: ErrorBody | undefined): Usage | undefined {
    if (committedAt !== undefined) return count.total(error === undefined);
    return error?.code === "cancelled" && isAtWork ? (head ?? openCount()).total(false) : undefined;
  }

  const meter: Meter = {
    tries: 0,
    promptTokens: 0,
    watch: createTryWatch(deps.observer, trace),
    onAdmitted(next) {
      admission = next;
    },
    admission: () => admission,
    onAsked(target) {
      head = undefined;
      isAtWork = target?.tier === "cloud";
      if (target === undefined || !isAtWork) return;
      placement = { tier: target.tier, provider: target.provider, model: target.model };
      placedAt = deps.clock.now();
    },
    onPlaced(next) {
      placement = next;
      placedAt = deps.clock.now();
      isAtWork = true;
    },
    onHead(batch) {
      head ??= openCount();
      head.onBatch(batch);
    },
    onCommit() {
      committedAt = deps.clock.now();
      trace?.onCommit();
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
    settle(thrown, begun, stopReason) {
      if (settled) return;
      settled = true;
      const error = thrown === undefined ? undefined : toErrorBody(thrown);
      const now = deps.clock.now();
      const counted = countUsed(error);
      admission?.settle(placement, counted, startedAt);
      const row: UsageRow = {
        id: input.requestId,
        at: startedAt,
        ...describeOwner(input.caller),
        dialect: input.dialect,
        stream: input.request.stream,
        requestedModel: input.request.model,
        ...placement,
        tries: meter.tries,
        usage: counted ?? noUsage,
        ...readCosts(deps.prices, placement, counted, startedAt),
        queueMs: (placedAt ?? now) - startedAt,
        ...(committedAt === undefined ? {} : { firstTokenMs: committedAt - startedAt }),
        totalMs: now - startedAt,
        ...readOutcome(error, begun, thrown),
        ...input.origin,
      };
      deps.recordUsage(row);
      trace?.onSettled(row, stopReason);
      const fields = describeRow(row);
      if (input.note === undefined) input.log.info(fields, "inference");
      else input.note(fields);
    },
  };
  return meter;
}

/** A name that a caller made up may be as long as a body. */
const longestName = 200;

function describeRow(row: UsageRow): LogFields {
  const { id: _id, at: _at, dialect: format, requestedModel, totalMs: _totalMs, ...rest } = row;
  return { format, requestedModel: requestedModel.slice(0, longestName), ...rest };
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
