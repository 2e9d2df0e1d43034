// ChatEvents -> Messages events. Blocks go out strictly one after another with dense indexes: what belongs to a later
// block waits until the ones before it are closed (block-queue.ts).

import type { ChatEvent } from "@auxot/wire/chat-event";
import { noUsage, type Usage } from "@auxot/wire/usage";
import type { AnswerMeta, StreamEncoder } from "../dialect.ts";
import { encodeSse } from "../streams/sse.ts";
import { createBlockQueue } from "./block-queue.ts";
import { buildErrorBody } from "./errors.ts";
import { encodeStopReason, encodeUsage } from "./usage.ts";

/** `error` and `end` are the last thing written. */
export function createStreamEncoder(meta: AnswerMeta): StreamEncoder {
  const blocks = createBlockQueue();
  let usage: Usage = noUsage;
  let isBegun = false;
  let isStarted = false;
  let hasRefusal = false;
  let over = false;

  /** As late as the batch allows, so that usage known by then is in it. */
  function writeStart(): string {
    if (isStarted) return "";
    isStarted = true;
    return writeEvent("message_start", {
      message: {
        id: meta.id,
        type: "message",
        role: "assistant",
        model: meta.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: encodeUsage(usage),
      },
    });
  }

  function writeEnd(event: Extract<ChatEvent, { type: "end" }>): string {
    over = true;
    const stop_reason = encodeStopReason(event.stopReason, hasRefusal);
    const delta = { stop_reason, stop_sequence: event.stopSequence ?? null };
    return (
      writeStart() +
      blocks.finish() +
      writeEvent("message_delta", { delta, usage: encodeUsage(usage) }) +
      writeEvent("message_stop", {})
    );
  }

  function write(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        isBegun = true;
        return "";
      case "usage":
        usage = event.usage;
        return "";
      case "warning":
        return "";
      case "end":
        return writeEnd(event);
      case "error":
        over = true;
        return encodeSse(JSON.stringify(buildErrorBody(event.error, meta.requestId)), "error");
      case "text-start":
        hasRefusal ||= event.refusal === true;
        return writeStart() + blocks.push(event);
      default:
        return writeStart() + blocks.push(event);
    }
  }

  return {
    encode(events) {
      let text = "";
      for (const event of events) if (!over) text += write(event);
      return isBegun && !over ? text + writeStart() : text;
    },
    ping: () => writeEvent("ping", {}),
  };
}

function writeEvent(type: string, fields: object): string {
  return encodeSse(JSON.stringify({ type, ...fields }), type);
}
