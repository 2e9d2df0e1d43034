// The frames of one running stream, for any number of readers that come and go. The writer never waits for them. Knows no
// dialect but that a frame ends with a blank line and that frames are counted from 0.

import { AppError } from "@auxot/wire/errors";

export type FrameLog = {
  /** Whole frames. */
  append(frames: string): void;
  /** Nothing more comes. Idempotent. */
  end(): void;
  /**
   * The frames behind number `after` (-1: all), those that are there and then those that come, until the end or an
   * abort. Throws `invalid_request` at once when the first of them is not kept any more; a reader that falls so far behind
   * later is told by its iteration.
   */
  read(after: number, signal: AbortSignal): AsyncIterable<string>;
  /** All of it; undefined when it grew past the bound. */
  text(): string | undefined;
};

/** About what a reader is given at once. */
const pieceLength = 64 * 1024;

/** Keeps the last frames, about `maxLength` characters of them and what came last. */
export function createFrameLog(maxLength: number): FrameLog {
  const frames: string[] = [];
  /** The number of `frames[0]`. */
  let firstNumber = 0;
  let length = 0;
  let isOver = false;
  let news = Promise.withResolvers<void>();

  function announce(): void {
    news.resolve();
    news = Promise.withResolvers<void>();
  }

  function drop(): void {
    let count = 0;
    for (; length > maxLength && count < frames.length; count++) length -= frames[count]?.length ?? 0;
    // In stock: taking one off the front of a long list each time would cost the whole list.
    const slack = Math.min(count + Math.floor(frames.length / 8), frames.length);
    for (; count > 0 && count < slack; count++) length -= frames[count]?.length ?? 0;
    if (count === 0) return;
    frames.splice(0, count);
    firstNumber += count;
  }

  /** Some frames from number `from` on; "" when none is there yet. */
  function take(from: number): { readonly text: string; readonly next: number } {
    if (from < firstNumber) throw explainDropped(firstNumber);
    let text = "";
    let next = from;
    for (; next < firstNumber + frames.length && text.length < pieceLength; next++) text += frames[next - firstNumber];
    return { text, next };
  }

  async function* follow(after: number, signal: AbortSignal): AsyncGenerator<string> {
    // Wakes the others too, who find nothing new.
    signal.addEventListener("abort", announce, { once: true });
    try {
      for (let from = after + 1; !signal.aborted;) {
        const { text, next } = take(from);
        if (text !== "") {
          from = next;
          yield text;
        } else if (isOver) return;
        else await news.promise;
      }
    } finally {
      signal.removeEventListener("abort", announce);
    }
  }

  return {
    append(text) {
      // Not what comes now: those who read along have not seen it yet.
      drop();
      for (const frame of splitFrames(text)) {
        frames.push(frame);
        length += frame.length;
      }
      announce();
    },
    end() {
      isOver = true;
      announce();
    },
    read(after, signal) {
      if (after + 1 < firstNumber) throw explainDropped(firstNumber);
      return follow(after, signal);
    },
    text: () => (firstNumber > 0 ? undefined : frames.join("")),
  };
}

/** Each with its blank line. */
export function splitFrames(text: string): string[] {
  return text
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => `${frame}\n\n`);
}

function explainDropped(first: number): AppError {
  return new AppError(
    "invalid_request",
    `starting_after: the events of this response were too many to keep them all; those behind ${first - 1} are still there. Without stream=true you get the response as a whole.`,
    { param: "starting_after" },
  );
}
