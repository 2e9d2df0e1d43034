// Responses events -> ChatEvents. Items are read in decode-items.ts.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StopReason } from "@auxot/wire/chat";
import { isRecord } from "../reading/json.ts";
import type { Fields } from "../reading/read-fields.ts";
import { cutStreamError, decodeStreamError, parseItem, type ItemDecoder } from "../streams/stream-decoder.ts";
import { createItemReader } from "./decode-items.ts";
import { decodeIncompleteReason, decodeUsage } from "./usage.ts";

export type EventDecoder = ItemDecoder & {
  pushEvent(type: unknown, event: Fields, out: ChatEvent[]): void;
};

/** The answer is complete only at `response.completed` or `.incomplete`: a cut before it is an error, whatever came. */
export function createItemDecoder(): EventDecoder {
  const items = createItemReader();
  let isStarted = false;

  function start(response: Fields, out: ChatEvent[]): void {
    if (isStarted) return;
    isStarted = true;
    const model = response["model"];
    out.push({ type: "start", ...(typeof model === "string" && model !== "" ? { model } : {}) });
  }

  /** Some servers tell the items only here. */
  function finishItems(output: readonly unknown[], out: ChatEvent[]): void {
    if (items.isEmpty()) {
      for (const [position, item] of output.entries()) if (isRecord(item)) items.close(position, item, out);
    }
    items.closeAll(out);
  }

  function end(type: unknown, response: Fields, out: ChatEvent[]): void {
    const output = Array.isArray(response["output"]) ? response["output"] : [];
    finishItems(output, out);
    const usage = decodeUsage(response["usage"]);
    if (usage !== undefined) out.push({ type: "usage", usage });
    out.push({ type: "end", stopReason: readStopReason(type, response, output, items.hasCalls()) });
  }

  function pushEvent(type: unknown, event: Fields, out: ChatEvent[]): void {
    if (type === "error") {
      out.push(decodeStreamError(event));
      return;
    }
    const response = isRecord(event["response"]) ? event["response"] : {};
    if (type === "response.failed") {
      out.push(decodeFailure(response));
      return;
    }
    if (typeof type !== "string" || !type.startsWith("response.")) return;
    start(response, out);
    if (type === "response.completed" || type === "response.incomplete") end(type, response, out);
    else readItemEvent(type, event, out);
  }

  function readItemEvent(type: string, event: Fields, out: ChatEvent[]): void {
    const position = event["output_index"] ?? event["item_id"];
    const { delta, content_index: content, summary_index: summary, item } = event;
    switch (type) {
      case "response.output_item.added":
        if (isRecord(item)) items.open(position, item, out);
        return;
      case "response.output_item.done":
        if (isRecord(item)) items.close(position, item, out);
        return;
      case "response.output_text.delta":
        items.pushText(position, content ?? 0, "text", delta, out);
        return;
      case "response.refusal.delta":
        items.pushText(position, content ?? 0, "refusal", delta, out);
        return;
      case "response.reasoning_summary_text.delta":
        items.pushReasoning(position, summary ?? 0, "summary", delta, out);
        return;
      case "response.reasoning_text.delta":
        items.pushReasoning(position, content ?? 0, "content", delta, out);
        return;
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        items.pushCall(position, delta, out);
        return;
      default:
        // What repeats the deltas, what the provider's own tools do, and events newer than we are.
        return;
    }
  }

  return {
    push(item, out) {
      if (item.data.trim() === "[DONE]") {
        out.push(cutStreamError);
        return;
      }
      const event = parseItem(item.data, out);
      if (event !== undefined) pushEvent(event["type"] ?? item.event, event, out);
    },
    pushEvent,
    isComplete: () => false,
    finish: () => {},
  };
}

function decodeFailure(response: Fields): ChatEvent {
  const error = response["error"];
  return decodeStreamError({ error: isRecord(error) ? error : { message: "The response failed without a reason." } });
}

/** From the whole output too: in the passthrough lane most items were never decoded. */
function readStopReason(type: unknown, response: Fields, output: readonly unknown[], callsSeen: boolean): StopReason {
  if (type === "response.incomplete") {
    const details = response["incomplete_details"];
    return decodeIncompleteReason(isRecord(details) ? details["reason"] : undefined);
  }
  const hasCalls = output.some(
    (item) => isRecord(item) && (item["type"] === "function_call" || item["type"] === "custom_tool_call"),
  );
  return callsSeen || hasCalls ? "tool-calls" : "stop";
}
