// What can come next on a command line, as a shell's completion needs it. Pure.

import { everyCommandHas, type Command, type CommandOption } from "../command.ts";

export type WordsOption = {
  /** With its dashes. */
  readonly flags: readonly string[];
  readonly summary: string;
  /** What its value may be; undefined: it takes none. */
  readonly value: "any" | "file" | readonly string[] | undefined;
};

export type Words = {
  /** The words typed so far, without options: "" or `keys` or `keys create`. */
  readonly after: string;
  /** The words that may follow, each with what it means. */
  readonly next: readonly { readonly word: string; readonly summary: string }[];
  readonly options: readonly WordsOption[];
};

/** One row for each beginning of a command, the empty one first. */
export function listWords(commands: readonly Command[]): readonly Words[] {
  const rows = new Map<string, { next: Map<string, string>; options: readonly WordsOption[] }>([
    ["", { next: new Map([["help", "Show what a command does."]]), options: [] }],
  ]);
  for (const command of commands) {
    const words = command.name.split(" ");
    for (const [index, word] of words.entries()) {
      const after = words.slice(0, index).join(" ");
      const row = rows.get(after) ?? { next: new Map(), options: [] };
      if (!row.next.has(word)) row.next.set(word, index === words.length - 1 ? command.summary : "");
      rows.set(after, row);
    }
    const row = rows.get(command.name) ?? { next: new Map(), options: [] };
    for (const choice of command.positionals[0]?.choices ?? []) row.next.set(choice, "");
    rows.set(command.name, {
      ...row,
      options: Object.entries({ ...command.options, ...everyCommandHas })
        .filter(([, { isHidden }]) => isHidden !== true)
        .map(toOption),
    });
  }
  return Array.from(rows, ([after, { next, options }]) => ({
    after,
    next: Array.from(next, ([word, summary]) => ({
      word,
      // A noun tells its verbs.
      summary: firstSentence(summary) || [...(rows.get(`${after} ${word}`.trim())?.next.keys() ?? [])].join(", "),
    })),
    options,
  }));
}

/** All options that take a value, over all commands: what follows one is no word of a command. */
export function listTakingFlags(rows: readonly Words[]): readonly string[] {
  const flags = rows.flatMap(({ options }) =>
    options.filter(({ value }) => value !== undefined).flatMap((one) => one.flags),
  );
  return [...new Set(flags)].toSorted();
}

function toOption([name, { short, summary, value, choices, isFile }]: [string, CommandOption]): WordsOption {
  return {
    flags: [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
    summary: firstSentence(summary),
    value: value === undefined ? undefined : isFile === true ? "file" : (choices ?? "any"),
  };
}

function firstSentence(text: string): string {
  return (text.split(/(?<=\.) /)[0] ?? text).replace(/\.$/, "");
}
