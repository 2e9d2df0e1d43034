// One answer in the background: runs without its caller, is watched by any number of them, and is kept at its end.

import { createAnswerReader } from "@auxot/dialects/openai-responses/answer-reader";
import { createBackgroundEncoder } from "@auxot/dialects/openai-responses/encode-stream";
import type { AnswerMeta } from "@auxot/dialects/dialect";
import { AppError, toErrorBody } from "@auxot/wire/errors";
import { setTimeout as wait } from "node:timers/promises";
import type { Infer, InferInput } from "../inference/infer.ts";
import type { NewResponse, Responses } from "../records/responses/responses.ts";
import type { ResponseStatus } from "../records/responses/store.ts";
import type { Placement } from "../sources/source.ts";
import { createFrameLog, type FrameLog } from "./frame-log.ts";
import { readStatus, type KeptRequest } from "./keep-answer.ts";

export type RunInput = InferInput & {
  /** Its id is the response's. */
  readonly meta: AnswerMeta;
  readonly kept: KeptRequest;
};

export type BackgroundRun = {
  readonly log: Pick<FrameLog, "read">;
  /** JSON text of the response object as it is now. */
  response(): string;
  /** Stops the work and settles the response as cancelled; resolves when it is kept, or soon. Does nothing once it is over. */
  cancel(): Promise<void>;
  /** Like `cancel`, for a router that stops: the response has failed. */
  abandon(): Promise<void>;
  /** Resolves when it is over and kept. */
  readonly done: Promise<void>;
};

export type RunDeps = {
  readonly infer: Infer;
  readonly responses: Responses;
  /** About the characters of a stream that are kept for later readers. */
  readonly maxFrames: number;
  /** Ends the tries to write what the database does not take. */
  readonly stopped: AbortSignal;
  /** How long the beginning waits for the database. */
  readonly startWithinMs?: number;
};

const longestPauseMs = 30_000;
const settleWithinMs = 1000;
const startWithinMs = 10_000;
const lateError = new AppError(
  "no_capacity",
  "background: the response could not be stored: the database does not answer.",
  { param: "background", retryAfterMs: 5000 },
);

/** Writes the row and begins. Throws when it cannot be written: a response nobody could find again is not begun. */
export async function startRun(deps: RunDeps, input: RunInput): Promise<BackgroundRun> {
  const { meta, kept, ...inferInput } = input;
  const { responses } = deps;
  const encoder = createBackgroundEncoder(meta);
  const reader = createAnswerReader();
  const log = createFrameLog(deps.maxFrames);
  const controller = new AbortController();
  const saved = Promise.withResolvers<void>();
  let status: ResponseStatus = "queued";
  let placement: Placement | undefined;
  /** Set when it is over. */
  let last: { readonly response: string; readonly outputIds: readonly string[] } | undefined;

  function append(text: string): void {
    if (text === "") return;
    reader.pushFrames(text);
    log.append(text);
  }

  function buildRow(): NewResponse {
    const frames = last === undefined ? undefined : log.text();
    return {
      ...kept,
      id: meta.id,
      status,
      background: true,
      ...(placement === undefined ? {} : { provider: placement.provider, model: placement.model }),
      heldUpstream: false,
      response: last?.response ?? encoder.snapshot(status),
      itemIds: [...kept.itemIds, ...(last?.outputIds ?? [])],
      ...(frames === undefined ? {} : { frames }),
    };
  }

  function onBegin({ placement: found, warnings }: { placement: Placement; warnings: readonly string[] }): void {
    placement = found;
    encoder.place(found.model);
    if (warnings.length > 0) inferInput.log.info({ responseId: meta.id, warnings }, "what an answer left out");
    status = "in_progress";
    // Only for other routers; here the run itself is asked.
    responses.update(buildRow()).catch(() => undefined);
  }

  async function work(): Promise<void> {
    try {
      const inference = await deps.infer(inferInput, controller.signal);
      if (last === undefined) onBegin(inference);
      for await (const { events } of inference.batches) {
        if (last !== undefined) return;
        append(encoder.encode(events));
      }
    } catch (error) {
      fail(error);
      return;
    }
    settle();
  }

  function fail(error: unknown): void {
    if (last !== undefined) return;
    const body = toErrorBody(error);
    if (body.code === "internal") inferInput.log.error({ err: error, responseId: meta.id }, "background run failed");
    append(encoder.encode([{ type: "error", error: body }]));
    settle();
  }

  /** The frames say how it ended. */
  function settle(): void {
    if (last !== undefined) return;
    const answer = reader.result();
    if (answer === undefined) fail(new AppError("source_failed", "The source stopped before the answer was complete."));
    else finish(readStatus(answer.status), answer);
  }

  function finish(
    next: ResponseStatus,
    answer: { readonly response: string; readonly outputIds: readonly string[] },
  ): void {
    status = next;
    last = answer;
    log.end();
    void keep().finally(saved.resolve);
  }

  async function keep(): Promise<void> {
    for (let pauseMs = 500; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await responses.update(buildRow());
      } catch (error) {
        if (error instanceof AppError && error.code === "too_large") return keepLess(error);
        if (deps.stopped.aborted) return;
      }
      await wait(pauseMs, undefined, { signal: deps.stopped, ref: false }).catch(() => undefined);
    }
  }

  /** First without its frames; what is too large even so has failed for whoever asks. */
  async function keepLess(error: AppError): Promise<void> {
    const { frames: _, ...row } = buildRow();
    const told = { ...(JSON.parse(encoder.snapshot("failed")) as object), output: [] };
    const response = JSON.stringify({ ...told, error: { code: "server_error", message: error.message } });
    for (const less of [row, { ...row, status: "failed" as const, response, itemIds: kept.itemIds }]) {
      try {
        return await responses.update(less);
      } catch (err) {
        inferInput.log.warn({ err, responseId: meta.id }, "a background response was too large to keep whole");
      }
    }
  }

  async function stop(settleAs: () => void, reason: AppError): Promise<void> {
    if (last === undefined) settleAs();
    controller.abort(reason);
    const limit = new AbortController();
    await Promise.race([saved.promise, wait(settleWithinMs, undefined, { signal: limit.signal })]);
    limit.abort();
  }

  append(encoder.queue());
  const begun = responses.save(buildRow());
  const limit = new AbortController();
  const late = wait(deps.startWithinMs ?? startWithinMs, lateError, { signal: limit.signal });
  const isLate = await Promise.race([begun, late]).finally(() => limit.abort());
  if (isLate !== undefined) {
    begun.catch(() => undefined);
    // Its row may be written yet, and nobody knows its id.
    fail(isLate);
    throw isLate;
  }
  void work();
  return {
    log,
    response: () => last?.response ?? encoder.snapshot(status),
    cancel: () =>
      stop(
        () => finish("cancelled", { response: encoder.snapshot("cancelled"), outputIds: encoder.outputIds() }),
        new AppError("cancelled", "The response was cancelled."),
      ),
    abandon: () => {
      const reason = new AppError("no_capacity", "The router stopped before the response was complete.");
      return stop(() => fail(reason), reason);
    },
    done: saved.promise,
  };
}
