// Keeps what callers write from being read as control tokens (`<|im_start|>`, `[INST]` …): a caller who writes one would
// otherwise open a turn in another role. Pure.

export type TextGuard = {
  /** Puts an invisible cut into each control token written in `text`. */
  protect(text: string): string;
  /** The pieces of a rendered prompt between the cuts, to be tokenized one by one. */
  split(prompt: string): string[];
};

/** `random` makes the cut something no caller can write by chance. */
export function createTextGuard(controlTexts: readonly string[], random: () => number = Math.random): TextGuard {
  // Noncharacters, which Unicode keeps for a program's own use.
  const cut = Array.from({ length: 8 }, () => String.fromCharCode(0xfdd0 + Math.floor(random() * 32))).join("");
  const words = [...new Set(controlTexts)].filter((text) => text.length > 1).toSorted((a, b) => b.length - a.length);
  if (words.length === 0) return { protect: (text) => text, split: (prompt) => [prompt] };
  const pattern = new RegExp(words.map((word) => RegExp.escape(word)).join("|"), "g");
  return {
    protect: (text) => text.replace(pattern, (word) => `${word.slice(0, 1)}${cut}${word.slice(1)}`),
    split: (prompt) => prompt.split(cut),
  };
}
