// A cloud provider's response -> batches of an answer: bytes that pass, or events.

import { unfoldResult, type AnswerBatch, type ChatEvent } from "@auxot/wire/chat-event";
import type { Format } from "@auxot/dialects/dialect";
import { readAll, type UpstreamResponse } from "./upstream.ts";

export type Reading = {
  readonly format: Format;
  /** The caller speaks it too. */
  readonly passes: boolean;
  /** Usage was asked for in the caller's place. */
  readonly hidesUsage: boolean;
  /** How long a complete answer waits for its formal end. */
  readonly finishWithinMs: number;
  /** Closes the connection. */
  readonly hangUp: () => void;
};

export async function* readStream(response: UpstreamResponse, reading: Reading): AsyncGenerator<AnswerBatch> {
  const { format, passes } = reading;
  if (!(response.headers["content-type"] ?? "").includes("text/event-stream")) {
    // Some compatible servers answer a stream request with a whole body.
    const result = format.call.decodeResult(await readAll(response.chunks));
    yield { events: unfoldResult(result) };
    return;
  }
  if (passes) {
    const scanner = format.call.createStreamScanner(reading.hidesUsage);
    for await (const chunk of readWhileNeeded(response.chunks, scanner.isComplete, reading)) {
      const batch = scanner.push(chunk);
      if (batch !== undefined) yield batch;
    }
    const last = scanner.finish();
    if (last !== undefined) yield last;
    return;
  }
  const decoder = format.call.createStreamDecoder();
  for await (const chunk of readWhileNeeded(response.chunks, decoder.isComplete, reading)) {
    const events = decoder.push(chunk);
    if (events.length > 0) yield { events };
  }
  const events = decoder.finish();
  if (events.length > 0) yield { events };
}

export async function* readResult(
  response: UpstreamResponse,
  { format, passes }: Reading,
): AsyncGenerator<AnswerBatch> {
  const bytes = await readAll(response.chunks);
  const events: ChatEvent[] = unfoldResult(format.call.decodeResult(bytes));
  // Warnings are of what a translation leaves out; passed bytes have it all.
  yield passes ? { events: events.filter(({ type }) => type !== "warning"), bytes } : { events };
}

/** Some servers say why they finished and then neither end the stream nor close it. */
async function* readWhileNeeded(
  chunks: AsyncIterable<Buffer>,
  isComplete: () => boolean,
  { finishWithinMs, hangUp }: Reading,
): AsyncGenerator<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of chunks) {
      yield chunk;
      clearTimeout(timer);
      if (isComplete()) timer = setTimeout(hangUp, finishWithinMs);
    }
  } catch (error) {
    // How the connection of a complete answer ended is of no interest.
    if (!isComplete()) throw error;
  } finally {
    clearTimeout(timer);
  }
}
