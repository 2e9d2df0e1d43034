// Finds stop sequences in a stream of text. Text that may become one is held back. Pure.

export type StopMatcher = {
  /** The text that is free to go, without the stop sequence. After a match nothing more may be pushed. */
  push(text: string): { readonly text: string; readonly matched?: string };
  /** What was held back when the answer ended without a match. */
  finish(): string;
};

/** The match that ends first wins; of those that end together, the longest. */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  let held = "";
  return {
    push(text) {
      held += text;
      const match = findFirst(held, stops);
      if (match !== undefined) {
        const free = held.slice(0, match.start);
        held = "";
        return { text: free, matched: match.stop };
      }
      const keep = longestBeginning(held, stops);
      const free = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { text: free };
    },
    finish() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

function findFirst(text: string, stops: readonly string[]): { start: number; stop: string } | undefined {
  let best: { start: number; end: number; stop: string } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const end = start + stop.length;
    if (best === undefined || end < best.end || (end === best.end && start < best.start)) best = { start, end, stop };
  }
  return best;
}

/** How many characters at the end of `text` may be the beginning of a stop sequence. */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
