// ChatEvents -> Responses events. Output items are written in item-writer.ts.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StopReason } from "@auxot/wire/chat";
import { noUsage, type Usage } from "@auxot/wire/usage";
import type { AnswerMeta, StreamEncoder } from "../dialect.ts";
import { buildFailure, type ResponseFailure } from "./errors.ts";
import { createItemWriter, isBlockEvent } from "./item-writer.ts";
import { createPassedStream, type PassedStream } from "./passed-stream.ts";
import { buildResponse, type ResponseState } from "./response-object.ts";
import { encodeIncompleteReason } from "./usage.ts";

/** Also tells what becomes of an answer in the background. */
export type BackgroundEncoder = StreamEncoder & {
  /** The first frames: the response is there, and waits. */
  queue(): string;
  /** Names the model that serves it, known later than the response. */
  place(model: string): void;
  /** JSON text of the response object as it is now. */
  snapshot(status: ResponseState["status"]): string;
  /** Ids of the items that are complete. */
  outputIds(): readonly string[];
};

/** `response.completed`, `.incomplete` or `.failed` is the last thing written; sequence numbers count from 0. */
export function createStreamEncoder(meta: AnswerMeta): StreamEncoder {
  return createBackgroundEncoder(meta);
}

/** `createStreamEncoder` for an answer that is there before it begins. */
export function createBackgroundEncoder(first: AnswerMeta): BackgroundEncoder {
  let meta = first;
  let sequence = 0;
  let isCreated = false;
  let isStarted = false;
  let over = false;
  let usage: Usage = noUsage;
  let passed: PassedStream | undefined;

  /** `fields` is JSON text: this runs once a token. */
  function writeEvent(type: string, fields: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${sequence++},${fields}}\n\n`;
  }

  function writeResponse(type: string, state: ResponseState): string {
    return writeEvent(type, `"response":${JSON.stringify(buildResponse(meta, state))}`);
  }

  const items = createItemWriter(first, writeEvent);

  function writeStart(): string {
    if (isStarted) return "";
    isStarted = true;
    const state = { status: "in_progress", output: [] } as const;
    const created = isCreated ? "" : writeResponse("response.created", state);
    return created + writeResponse("response.in_progress", state);
  }

  function writeEnd(reason: StopReason): string {
    over = true;
    const incompleteReason = encodeIncompleteReason(reason);
    const status = incompleteReason === undefined ? "completed" : "incomplete";
    const rest = writeStart() + items.finish(status);
    return (
      rest +
      writeResponse(`response.${status}`, {
        status,
        output: items.output(),
        usage,
        ...(incompleteReason === undefined ? {} : { incompleteReason }),
      })
    );
  }

  /** Behind an upstream's own frames it is that response that failed, not one of ours. */
  function writeFailure(error: ResponseFailure): string {
    const begun = passed?.response() ?? {};
    sequence = passed?.nextSequence() ?? sequence;
    const failed = { ...buildResponse(meta, { status: "failed", output: items.output(), error }), ...begun };
    return writeEvent("response.failed", `"response":${JSON.stringify({ ...failed, status: "failed", error })}`);
  }

  function write(event: ChatEvent): string {
    if (isBlockEvent(event)) return writeStart() + items.push(event);
    switch (event.type) {
      case "start":
        return writeStart();
      case "usage":
        usage = event.usage;
        return "";
      case "warning":
        return "";
      case "end":
        return writeEnd(event.stopReason);
      case "error":
        over = true;
        return writeFailure(buildFailure(event.error));
    }
  }

  return {
    encode(events) {
      let text = "";
      for (const event of events) if (!over) text += write(event);
      return text;
    },
    onPassed(bytes) {
      passed ??= createPassedStream();
      passed.push(bytes);
    },
    ping: () => ": ping\n\n",
    queue() {
      isCreated = true;
      const state = { status: "queued", output: [] } as const;
      return writeResponse("response.created", state) + writeResponse("response.queued", state);
    },
    place: (model) => void (meta = { ...meta, model }),
    snapshot: (status) => JSON.stringify(buildResponse(meta, { status, output: items.output() })),
    outputIds: () => items.output().map(({ id }) => id),
  };
}
