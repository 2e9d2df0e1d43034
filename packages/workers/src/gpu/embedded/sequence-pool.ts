// Hands out the context's sequences (slots), each to one run at a time, and keeps what they hold so that the next prompt
// that begins the same need not be read again. Runs in the child process.

import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp";
import { AppError } from "@auxot/wire/errors";

export type SequencePool = {
  /**
   * Waits for a free sequence; takes the one that holds most of the beginning of `tokens`, or the least recently used
   * when none holds enough of it. Throws `cancelled`.
   */
  acquire(tokens: readonly Token[], signal: AbortSignal): Promise<LlamaContextSequence>;
  release(sequence: LlamaContextSequence): void;
};

/** A shorter common beginning is not worth what another conversation would lose (as llama-server's slot similarity). */
const worthwhileShare = 0.1;

export function createSequencePool(context: LlamaContext): SequencePool {
  // The least recently used stands first.
  const free: LlamaContextSequence[] = [];
  while (context.sequencesLeft > 0) free.push(context.getSequence());
  const waiting: (() => void)[] = [];
  return {
    async acquire(tokens, signal) {
      while (free.length === 0) await waitForTurn(waiting, signal);
      let best = 0;
      let longest = tokens.length * worthwhileShare;
      for (const [i, sequence] of free.entries()) {
        const length = sequence.compareContextTokens([...tokens]).firstDifferentIndex;
        if (length > longest) [best, longest] = [i, length];
      }
      const [sequence] = free.splice(best, 1);
      if (sequence === undefined) throw new AppError("internal", "A free sequence vanished.");
      return sequence;
    },
    release(sequence) {
      free.push(sequence);
      waiting.shift()?.();
    },
  };
}

/** Makes `sequence` hold the longest beginning of `tokens` it has; returns its length, at most all but the last token. */
export async function reusePrefix(sequence: LlamaContextSequence, tokens: Token[]): Promise<number> {
  const same = Math.min(sequence.compareContextTokens(tokens).firstDifferentIndex, tokens.length - 1);
  if (same < sequence.nextTokenIndex) {
    await sequence.eraseContextTokenRanges([{ start: same, end: sequence.nextTokenIndex }]);
  }
  // Some architectures cannot keep a part of their state; then less is left than was asked for.
  return sequence.nextTokenIndex;
}

function createCancelled(): AppError {
  return new AppError("cancelled", "The request was cancelled.");
}

function waitForTurn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(createCancelled());
  return new Promise((resolve, reject) => {
    const turn = (): void => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    const giveUp = (): void => {
      const at = waiting.indexOf(turn);
      if (at >= 0) waiting.splice(at, 1);
      reject(createCancelled());
    };
    waiting.push(turn);
    signal.addEventListener("abort", giveUp, { once: true });
  });
}
