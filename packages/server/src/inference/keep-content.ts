// Around `infer`: collects what is kept of requests and answers where somebody chose so. Costs nothing where nobody did.

import { dialects } from "@auxot/dialects/dialects";
import type { StreamDecoder } from "@auxot/dialects/dialect";
import { openaiCompletions } from "@auxot/dialects/openai-completions/format";
import type { FormatName } from "@auxot/wire/chat";
import { createEventFold, type AnswerBatch, type ChatEvent } from "@auxot/wire/chat-event";
import type { Clock } from "../platform/clock.ts";
import type { KeptRequest, RequestLog } from "../records/request-log/request-log.ts";
import type { Infer } from "./infer.ts";

export type KeepContentDeps = {
  readonly infer: Infer;
  readonly requestLog: Pick<RequestLog, "findKeeping" | "keep">;
  readonly clock: Clock;
};

export function keepContent({ infer, requestLog, clock }: KeepContentDeps): Infer {
  return async (input, signal) => {
    const keeping = requestLog.findKeeping(input.caller);
    if (keeping === undefined) return infer(input, signal);
    const { requestId, caller, request } = input;
    const collector = createCollector(input.dialect, request.stream);
    const keep = once(() => {
      requestLog.keep({ requestId, at, caller, request, ...collector.result() }, keeping);
    });
    const at = clock.now();
    try {
      const inference = await infer(input, signal);
      return { ...inference, batches: watch(inference.batches, collector, keep) };
    } catch (error) {
      keep();
      throw error;
    }
  };
}

function watch(
  batches: AsyncIterableIterator<AnswerBatch>,
  collector: Collector,
  onEnd: () => void,
): AsyncIterableIterator<AnswerBatch> {
  return {
    async next() {
      const result = await batches.next();
      if (result.done) {
        onEnd();
        return result;
      }
      collector.push(result.value);
      if (result.value.events.some(({ type }) => type === "end" || type === "error")) onEnd();
      return result;
    },
    async return() {
      await batches.return?.();
      onEnd();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function once(effect: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) effect();
    isDone = true;
  };
}

type Collector = {
  push(batch: AnswerBatch): void;
  result(): Pick<KeptRequest, "answer" | "isComplete" | "truncated">;
};

/** Enough for what is kept of an answer; the rest is not held in memory. */
const maxCharacters = 256 * 1024;

/** An answer that breaks off is kept as far as it came. */
function createCollector(format: FormatName, stream: boolean): Collector {
  const fold = createEventFold();
  let decoder: StreamDecoder | undefined;
  let left = maxCharacters;
  let hasBegun = false;
  let hasEnded = false;
  let truncated = false;
  let isBroken = false;

  function add(event: ChatEvent): void {
    if (event.type === "error" || hasEnded) return;
    hasBegun ||= event.type !== "start" && event.type !== "warning";
    hasEnded = event.type === "end";
    const length = measure(event);
    if (length > left) truncated = true;
    else fold.push(event);
    left -= Math.min(length, left);
  }

  function read({ events, bytes }: AnswerBatch): void {
    if (bytes === undefined || !stream) {
      for (const event of events) add(event);
      return;
    }
    // Bytes that pass carry the answer; the events beside them are only what the router needs.
    decoder ??= (
      format in dialects ? dialects[format as keyof typeof dialects] : openaiCompletions
    ).call.createStreamDecoder();
    for (const event of decoder.push(bytes)) add(event);
    // Usage may be known only here.
    for (const event of events) if (event.type === "usage") add(event);
  }

  return {
    push(batch) {
      if (isBroken) return;
      try {
        read(batch);
      } catch {
        // Events that make no answer are for whoever reads them to judge; what is kept may not break what goes out.
        isBroken = true;
      }
    },
    result() {
      if (isBroken) return { answer: undefined, isComplete: false, truncated: true };
      if (!hasBegun) return { answer: undefined, isComplete: false, truncated };
      if (!hasEnded) fold.push({ type: "end", stopReason: "stop" });
      return { answer: fold.result(), isComplete: hasEnded, truncated };
    },
  };
}

function measure(event: ChatEvent): number {
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      return event.text.length;
    case "tool-call-delta":
      return event.arguments.length;
    default:
      return 0;
  }
}
