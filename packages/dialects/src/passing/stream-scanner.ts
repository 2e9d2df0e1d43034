// The passthrough lane: whole frames go on as they came, and only what the router must know is read from them.
// After the first content a frame is decoded only when it holds one of the dialect's marker bytes.

import { isContent, type ChatEvent } from "@auxot/wire/chat-event";
import { noUsage } from "@auxot/wire/usage";
import type { StreamScanner } from "../dialect.ts";
import { createFrameParser, createFrameSplitter, splitFrames, type SseItem } from "../streams/sse.ts";
import { createItemFeed, tooLargeError, type ItemDecoder } from "../streams/stream-decoder.ts";

const lf = 10;

export type ScannerOptions = {
  readonly items: ItemDecoder;
  /**
   * Matches every frame that carries usage, an end or an error, and may match others. One expression over the bytes as
   * Latin-1 text is four times as fast as a search for each marker.
   */
  readonly markers: RegExp;
  /** The frame behind which nothing of the answer comes; `end` waits for it so that its bytes are sent on. */
  readonly lastFrame?: string;
  /** Events that are read but not passed on; each must match `markers`. */
  readonly isHidden?: (item: SseItem) => boolean;
};

/** Bytes held back at a cut end are dropped when the answer is incomplete: the error frame must follow a whole frame. */
export function createStreamScanner(options: ScannerOptions): StreamScanner {
  const splitter = createFrameSplitter();
  const parse = createFrameParser();
  const feed = createItemFeed(options.items);
  const meter = createContentMeter();
  let committed = false;
  let usageSeen = false;
  let heldEnd: ChatEvent | undefined;

  function select(events: readonly ChatEvent[]): ChatEvent[] {
    // Warnings are of what a translation leaves out; here all goes on.
    const selected = events.filter((event) => (committed ? isVital(event) : event.type !== "warning"));
    committed ||= events.some(isContent);
    usageSeen ||= events.some((event) => event.type === "usage");
    const end = selected.at(-1);
    if (end?.type !== "end") return selected;
    selected.pop();
    if (!usageSeen) selected.push({ type: "usage", usage: meter.estimate() });
    heldEnd = end;
    return selected;
  }

  function scan(frames: Buffer): ChatEvent[] {
    if (committed && !options.markers.test(frames.toString("latin1"))) {
      if (!usageSeen) meter.count(frames);
      return [];
    }
    const wasCommitted = committed;
    const items = parse(frames);
    const decoded = feed.push(items);
    if (wasCommitted) meter.count(frames);
    else meter.learn(frames.length, items.length, decoded);
    return select(decoded);
  }

  function hide(frames: Buffer): Buffer {
    const { isHidden, markers } = options;
    if (isHidden === undefined || !markers.test(frames.toString("latin1"))) return frames;
    const kept = splitFrames(frames).filter((each) => !createFrameParser()(each).some(isHidden));
    return Buffer.concat(kept);
  }

  function takeEnd(): ChatEvent[] {
    const end = heldEnd === undefined ? [] : [heldEnd];
    heldEnd = undefined;
    return end;
  }

  return {
    push(bytes) {
      const frames = splitter.push(bytes);
      if (splitter.isTooLarge() && !feed.isOver()) {
        const events = feed.fail([], tooLargeError);
        return frames === undefined ? { events } : { events, bytes: frames };
      }
      if (frames === undefined) return undefined;
      const events = scan(frames);
      if (heldEnd !== undefined && (options.lastFrame === undefined || frames.includes(options.lastFrame))) {
        events.push(...takeEnd());
      }
      return { events, bytes: hide(frames) };
    },
    isComplete: options.items.isComplete,
    finish() {
      const rest = splitter.takeRest();
      const events = feed.isOver() ? [] : select(feed.finish(parse(Buffer.concat([rest, Buffer.from("\n\n")]))));
      events.push(...takeEnd());
      const kept = hide(rest);
      const keepsRest = kept.length > 0 && events.at(-1)?.type !== "error";
      if (events.length === 0 && !keepsRest) return undefined;
      return keepsRest ? { events, bytes: kept } : { events };
    },
  };
}

/** What the router still needs once content went out. */
function isVital(event: ChatEvent): boolean {
  return event.type === "usage" || event.type === "end" || event.type === "error";
}

type ContentMeter = {
  /** From decoded frames: the content itself, and how much of a frame is not content. */
  learn(sizeBytes: number, frames: number, events: readonly ChatEvent[]): void;
  /** From frames that are only passed on. */
  count(frames: Buffer): void;
  estimate(): typeof noUsage & { readonly estimated: true };
};

/** Guesses the output tokens of a stream that reports no usage: four bytes of content are about one token. */
function createContentMeter(): ContentMeter {
  let contentBytes = 0;
  let overheadBytes = 0;
  return {
    learn(sizeBytes, frames, events) {
      let content = 0;
      for (const event of events) {
        if (event.type === "text-delta" || event.type === "reasoning-delta") content += Buffer.byteLength(event.text);
        else if (event.type === "tool-call-delta") content += event.arguments.length;
      }
      contentBytes += content;
      if (content > 0 && frames > 0) overheadBytes = (sizeBytes - content) / frames;
    },
    count(frames) {
      let count = 0;
      for (let at = frames.indexOf(lf); at !== -1; at = frames.indexOf(lf, at + 1)) if (frames[at + 1] === lf) count++;
      contentBytes += Math.max(0, frames.length - Math.max(1, count) * overheadBytes);
    },
    estimate: () => ({ ...noUsage, outputTokens: Math.ceil(contentBytes / 4), estimated: true }),
  };
}
