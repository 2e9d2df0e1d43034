// A cloud provider's response -> batches of an answer: bytes that pass, or events. One generator for all of it: each layer
// more costs every batch of every stream.

import { createAnswerRestorer } from "@auxot/dialects/answer-restorer";
import type { Format, StreamScanner, UpstreamRequest } from "@auxot/dialects/dialect";
import { unfoldResult, type AnswerBatch } from "@auxot/wire/chat-event";
import { AppError } from "@auxot/wire/errors";
import { readAll, type UpstreamResponse } from "./upstream.ts";

export type Reading = {
  readonly stream: boolean;
  readonly format: Format;
  /** The caller speaks it too. */
  readonly passes: boolean;
  /** Usage was asked for in the caller's place. */
  readonly hidesUsage: boolean;
  /** The request as it was told; absent where the caller's bytes passed. */
  readonly built?: UpstreamRequest;
  /** How long a complete answer waits for its formal end. */
  readonly finishWithinMs: number;
  /** Closes the connection. */
  readonly hangUp: () => void;
  /** Told how the answer ended; of an answer that is left early nothing. */
  readonly onEnd: (error: AppError | undefined) => void;
};

export async function* readAnswer(response: UpstreamResponse, reading: Reading): AsyncGenerator<AnswerBatch> {
  const { stream, passes, format, onEnd, built } = reading;
  // What the request was changed in comes back as the caller asked for it.
  const restore = built === undefined ? undefined : createAnswerRestorer(built);
  function tell(batch: AnswerBatch): AnswerBatch {
    const last = batch.events.at(-1);
    if (last?.type === "error") onEnd(new AppError(last.error.code, last.error.message, last.error));
    else if (last?.type === "end") onEnd(undefined);
    return restore === undefined ? batch : { ...batch, events: restore(batch.events) };
  }
  try {
    // Some compatible servers answer a stream request with a whole body.
    if (!stream || !(response.headers["content-type"] ?? "").includes("text/event-stream")) {
      yield tell(readWhole(await readAll(response.chunks), format, passes && !stream));
      return;
    }
    const frames = passes ? format.call.createStreamScanner(reading.hidesUsage) : createEventReader(format);
    let timer: NodeJS.Timeout | undefined;
    try {
      for await (const chunk of response.chunks) {
        const batch = frames.push(chunk);
        if (batch !== undefined) yield tell(batch);
        clearTimeout(timer);
        // Some servers say why they finished and then neither end the stream nor close it.
        if (frames.isComplete()) timer = setTimeout(reading.hangUp, reading.finishWithinMs);
      }
    } catch (error) {
      // How the connection of a complete answer ended is of no interest.
      if (!frames.isComplete()) throw error;
    } finally {
      clearTimeout(timer);
    }
    const last = frames.finish();
    if (last !== undefined) yield tell(last);
  } catch (error) {
    if (error instanceof AppError) onEnd(error);
    throw error;
  }
}

function readWhole(bytes: Buffer, format: Format, passes: boolean): AnswerBatch {
  const events = unfoldResult(format.call.decodeResult(bytes));
  // Warnings are of what a translation leaves out; passed bytes have it all.
  return passes ? { events: events.filter(({ type }) => type !== "warning"), bytes } : { events };
}

function createEventReader({ call }: Format): StreamScanner {
  const decoder = call.createStreamDecoder();
  return {
    push: (chunk) => asBatch(decoder.push(chunk)),
    isComplete: decoder.isComplete,
    finish: () => asBatch(decoder.finish()),
  };
}

function asBatch(events: AnswerBatch["events"]): AnswerBatch | undefined {
  return events.length > 0 ? { events } : undefined;
}
