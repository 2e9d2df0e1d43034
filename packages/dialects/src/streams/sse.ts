// Server-sent events (WHATWG HTML 9.2): cutting bytes into whole frames, parsing them, writing them. Knows no dialect.
// Every byte is looked at once and copied at most twice, however the stream was cut.

/** One event's size above which a stream is given up. */
const maxEventBytes = 32 * 1024 * 1024;

export type SseItem = { readonly event?: string; readonly data: string };

export type FrameSplitter = {
  /** The whole frames these bytes completed, as one buffer (a view of `bytes` where nothing was held back). */
  push(bytes: Uint8Array): Buffer | undefined;
  /** The incomplete frame left at the end of the stream. */
  takeRest(): Buffer;
  /** True once a frame grew past the bound; nothing more comes then. */
  isTooLarge(): boolean;
};

const lf = 10;
const cr = 13;

/** Cuts a stream at blank lines without decoding it. Held-back bytes are copied, so `bytes` may be reused. */
export function createFrameSplitter(limitBytes: number = maxEventBytes): FrameSplitter {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let tooLarge = false;
  let atLineStart = true;
  let afterCr = false;
  let afterBlankCr = false;

  /** The offset behind the last blank line that ends in `chunk`, 0 when there is none. */
  function findLastEnd(chunk: Buffer): number {
    if (!afterCr && chunk.indexOf(cr) === -1) {
      const found = chunk.lastIndexOf("\n\n");
      const end = found === -1 ? (atLineStart && chunk[0] === lf ? 1 : 0) : found + 2;
      atLineStart = chunk[chunk.length - 1] === lf;
      return end;
    }
    let end = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === lf) {
        if (afterCr ? afterBlankCr : atLineStart) end = at + 1;
        atLineStart = true;
        afterCr = false;
      } else if (byte === cr) {
        afterBlankCr = atLineStart;
        if (atLineStart) end = at + 1;
        atLineStart = true;
        afterCr = true;
      } else {
        atLineStart = false;
        afterCr = false;
      }
    }
    return end;
  }

  function hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    heldBytes += bytes.length;
    if (heldBytes > limitBytes) {
      tooLarge = true;
      held = [];
      return;
    }
    held.push(Buffer.from(bytes));
  }

  return {
    push(bytes) {
      if (tooLarge || bytes.length === 0) return undefined;
      const chunk = asBuffer(bytes);
      const end = findLastEnd(chunk);
      if (end === 0) {
        hold(chunk);
        return undefined;
      }
      const head = chunk.subarray(0, end);
      const whole = held.length === 0 ? head : Buffer.concat([...held, head]);
      held = [];
      heldBytes = 0;
      hold(chunk.subarray(end));
      return whole;
    },
    takeRest() {
      const rest = Buffer.concat(held);
      held = [];
      heldBytes = 0;
      return rest;
    },
    isTooLarge: () => tooLarge,
  };
}

export type SseParser = {
  push(bytes: Uint8Array): readonly SseItem[];
  /** The last event when the stream ended without its blank line (many servers leave it out after `[DONE]`). */
  finish(): readonly SseItem[];
  isTooLarge(): boolean;
};

/** Takes bytes split anywhere, gives whole events. */
export function createSseParser(limitBytes: number = maxEventBytes): SseParser {
  const splitter = createFrameSplitter(limitBytes);
  const parse = createFrameParser();
  return {
    push(bytes) {
      const frames = splitter.push(bytes);
      return frames === undefined ? [] : parse(frames);
    },
    finish: () => parse(Buffer.concat([splitter.takeRest(), Buffer.from("\n\n")])),
    isTooLarge: splitter.isTooLarge,
  };
}

/** One buffer each, of a buffer of whole frames: views of it, its blank lines included. */
export function splitFrames(frames: Buffer): Buffer[] {
  const text = frames.toString("latin1");
  const pieces: Buffer[] = [];
  let start = 0;
  for (const { index, 0: gap } of text.matchAll(/\r\n\r\n|\n\n|\r\r/g)) {
    pieces.push(frames.subarray(start, index + gap.length));
    start = index + gap.length;
  }
  if (start < frames.length) pieces.push(frames.subarray(start));
  return pieces;
}

/** Parses buffers of whole frames; only the first may carry a byte order mark. */
export function createFrameParser(): (frames: Buffer) => SseItem[] {
  let isFirst = true;
  return (frames) => {
    let text = frames.toString("utf8");
    if (isFirst && text.startsWith("\uFEFF")) text = text.slice(1);
    isFirst = false;
    return parseFrames(text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text);
  };
}

function parseFrames(text: string): SseItem[] {
  const items: SseItem[] = [];
  let event: string | undefined;
  let data: string[] = [];
  for (let at = 0; at < text.length;) {
    const found = text.indexOf("\n", at);
    const end = found === -1 ? text.length : found;
    if (end === at) {
      if (data.length > 0) {
        const whole = data.length === 1 ? (data[0] ?? "") : data.join("\n");
        items.push(event === undefined ? { data: whole } : { event, data: whole });
      }
      event = undefined;
      data = [];
    } else if (text.startsWith("data", at)) {
      const value = readValue(text, at + 4, end);
      if (value !== undefined) data.push(value);
    } else if (text.startsWith("event", at)) {
      event = readValue(text, at + 5, end) ?? event;
    }
    at = end + 1;
  }
  return items;
}

/** The value behind a field name that ends at `at`; undefined when the name is longer than that. */
function readValue(text: string, at: number, end: number): string | undefined {
  if (at === end) return "";
  if (text[at] !== ":") return undefined;
  return text.slice(text[at + 1] === " " ? at + 2 : at + 1, end);
}

/** One frame. `data` is JSON text: it holds no line break. */
export function encodeSse(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

/** The same bytes as a Buffer, without copying. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
