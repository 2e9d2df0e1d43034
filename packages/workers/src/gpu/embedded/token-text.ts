// Turns tokens into text without ever cutting a character in two: a token may hold only some bytes of one. Pure.

import type { Token } from "node-llama-cpp";

export type TokenText = {
  /** The text this token completed, "" while a character is unfinished. */
  push(token: Token): string;
  /** What is left at the end, broken characters included. */
  finish(): string;
};

/** What a decoder writes for bytes that are no whole character. */
const replacement = "\uFFFD";
/** A character has at most four bytes, so a fifth token without progress means the bytes are really broken. */
const longestCharacterTokens = 4;
const contextTokens = 8;

/**
 * `detokenize(tokens, before)` gives the text of `tokens` when they come after `before` (some vocabularies write the first
 * token of a text without its space). `prompt` is the end of what the model read.
 */
export function createTokenText(
  detokenize: (tokens: readonly Token[], before: readonly Token[]) => string,
  prompt: readonly Token[],
): TokenText {
  let before = prompt.slice(-contextTokens);
  let pending: Token[] = [];
  let written = 0;
  let stuck = 0;

  function take(text: string, end: number): string {
    const piece = text.slice(written, end);
    written = Math.max(written, end);
    return piece;
  }

  function reset(): void {
    before = [...before, ...pending].slice(-contextTokens);
    pending = [];
    written = 0;
    stuck = 0;
  }

  return {
    push(token) {
      pending.push(token);
      const text = detokenize(pending, before);
      let whole = text.length;
      while (whole > 0 && text[whole - 1] === replacement) whole--;
      if (whole > written) stuck = 0;
      const isWhole = whole === text.length;
      if (!isWhole && ++stuck < longestCharacterTokens) return take(text, whole);
      const piece = take(text, text.length);
      reset();
      return piece;
    },
    finish() {
      const piece = take(detokenize(pending, before), Number.POSITIVE_INFINITY);
      reset();
      return piece;
    },
  };
}
