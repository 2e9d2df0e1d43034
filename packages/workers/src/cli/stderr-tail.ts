// Keeps the last lines a process wrote to stderr, for the sentence that says why it ended.

import type { Readable } from "node:stream";

const mostLines = 8;
const longestLine = 400;

/** Reads the stream to its end. `tail` gives what there is so far, cleaned, in one line; "" for nothing. */
export function keepTail(stream: Readable, clean: (text: string) => string): { tail(): string } {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (piece: string) => {
    text = (text + piece).slice(-(mostLines * longestLine));
  });
  return {
    tail() {
      const lines = text.split("\n").map((line) => line.trim());
      const last = lines.filter((line) => line !== "").slice(-mostLines);
      return clean(last.map((line) => line.slice(0, longestLine)).join(" | "));
    },
  };
}
