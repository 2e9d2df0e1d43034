// What the two dialects' stream decoders share: bytes to items, silence after the end, and the one error of a cut stream.

import type { ChatEvent } from "@auxot/wire/chat-event";
import type { StreamDecoder } from "../dialect.ts";
import { isRecord } from "../reading/json.ts";
import { createSseParser, type SseItem } from "./sse.ts";
import { mapUpstreamFault, readUpstreamFault } from "../answers/upstream-error.ts";

/** Turns the items of one answer into events. Knows the dialect, not the bytes. Never throws. */
export type ItemDecoder = {
  push(item: SseItem, out: ChatEvent[]): void;
  /** `finish` would give an `end`. */
  isComplete(): boolean;
  /** Called once when the bytes are over and nothing ended the answer yet; gives `end` where the dialect allows it. */
  finish(out: ChatEvent[]): void;
};

export const cutStreamError: ChatEvent = {
  type: "error",
  error: { code: "source_failed", message: "The stream ended before the answer was complete." },
};

export const tooLargeError: ChatEvent = {
  type: "error",
  error: { code: "source_failed", message: "The source sent one event of more than 32 MB." },
};

const skippedWarning: ChatEvent = {
  type: "warning",
  message: "A piece of the source's stream was not valid JSON and was skipped.",
};

/** Runs an item decoder over bytes: after `end` or `error` nothing more comes, and one of them always comes. */
export function createSseDecoder(items: ItemDecoder): StreamDecoder {
  const parser = createSseParser();
  const feed = createItemFeed(items);
  return {
    push(bytes) {
      const events = feed.push(parser.push(bytes));
      if (parser.isTooLarge() && !feed.isOver()) return feed.fail(events, tooLargeError);
      return events;
    },
    isComplete: items.isComplete,
    finish: () => feed.finish(parser.finish()),
  };
}

export type ItemFeed = {
  push(items: readonly SseItem[]): ChatEvent[];
  finish(items: readonly SseItem[]): ChatEvent[];
  fail(events: readonly ChatEvent[], error: ChatEvent): ChatEvent[];
  isOver(): boolean;
};

/** Guards an item decoder: nothing after `end` or `error`. */
export function createItemFeed(decoder: ItemDecoder): ItemFeed {
  let over = false;
  function push(items: readonly SseItem[]): ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const item of items) {
      if (over) break;
      decoder.push(item, events);
      const last = events.at(-1)?.type;
      over = last === "end" || last === "error";
    }
    return events;
  }
  return {
    push,
    finish(items) {
      const events = push(items);
      if (over) return events;
      over = true;
      decoder.finish(events);
      if (events.at(-1)?.type !== "end") events.push(cutStreamError);
      return events;
    },
    fail(events, error) {
      over = true;
      return [...events, error];
    },
    isOver: () => over,
  };
}

/** The JSON object of one item; otherwise undefined, with a warning in `out`. */
export function parseItem(data: string, out: ChatEvent[]): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(data);
    if (isRecord(value)) return value;
  } catch {
    // Skipped below: one broken chunk must not cost the caller the rest of the answer.
  }
  out.push(skippedWarning);
  return undefined;
}

/** The event for an error a source sent inside its stream. */
export function decodeStreamError(body: unknown): ChatEvent {
  return { type: "error", error: mapUpstreamFault(readUpstreamFault(body)) };
}

/** The warning for a stop reason newer than we are. */
export function warnOfReason(reason: string): ChatEvent {
  const shown = JSON.stringify(reason.slice(0, 60));
  return {
    type: "warning",
    message: `The source stopped for a reason not known here, ${shown}; it was taken as an end.`,
  };
}

/** A token count from an upstream: a whole number, never negative, undefined when there is none. */
export function readCount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.round(value)) : undefined;
}
