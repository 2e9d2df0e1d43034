// The help pages, made from the commands themselves, as wide as the terminal.

import { everyCommandHas, type Command, type CommandOption } from "./command.ts";
import { countWords } from "./commands.ts";

/** What nouns are for, in the order of the first page; nouns that are in none stand at its end. */
const topics: readonly (readonly [title: string, nouns: readonly string[]])[] = [
  [
    "Who may do what",
    ["keys", "teams", "team-members", "org-members", "service-accounts", "roles", "shares", "access"],
  ],
  ["Models", ["workers", "models", "model-aliases", "routing", "prices", "comparisons"]],
  ["Use", ["usage", "limits", "alerts", "raise-requests", "content-logging", "request-content"]],
  ["The router itself", ["audit", "secrets", "licence"]],
];
/** `apply` and `export` do it, from and to files. */
const saidOtherwise = new Set(["configuration"]);

/** Wider lines are hard to read. */
const widest = 100;
const widestFlag = 26;

/** The first page: commands of one word, and the nouns with what can be done to them. */
export function renderHelp(commands: readonly Command[], columns?: number): string {
  const single = commands.filter(({ name }) => countWords(name) === 1);
  const nouns = new Map<string, string[]>();
  for (const { name } of commands.filter((command) => !single.includes(command))) {
    const noun = readNoun(name);
    if (!saidOtherwise.has(noun)) nouns.set(noun, [...(nouns.get(noun) ?? []), name.slice(noun.length + 1)]);
  }
  const named = new Set(topics.flatMap(([, list]) => list));
  const rest = [...nouns.keys()].filter((noun) => !named.has(noun));
  const leftWidth = Math.max(
    ...single.map(({ name }) => name.length),
    ...[...nouns.keys()].map(({ length }) => length),
  );
  const width = chooseWidth(columns);
  return [
    "Administers an Auxot router, and tries it out.",
    "",
    "npx auxot NOUN VERB [options]",
    "",
    ...single.flatMap((command) => renderRow(command.name, firstSentence(command), leftWidth, width)),
    ...[...topics, ["More", rest] as const].flatMap(([title, list]) => {
      const known = list.filter((noun) => nouns.has(noun));
      const rows = known.flatMap((noun) => renderRow(noun, (nouns.get(noun) ?? []).join(", "), leftWidth, width));
      return rows.length === 0 ? [] : ["", title, ...rows];
    }),
    "",
    "Every command has",
    ...renderOptions(everyCommandHas, width),
    "",
    "A noun alone lists or shows. To see more: npx auxot NOUN --help, npx auxot NOUN VERB --help.",
    "Exit codes: 0 done, 1 failed, 2 asked for wrongly.",
  ]
    .flatMap((line) => wrap(line, width))
    .map((line) => `${line}\n`)
    .join("");
}

/** The commands of one noun. */
export function renderGroupHelp(noun: string, commands: readonly Command[], columns?: number): string {
  const width = chooseWidth(columns);
  const usages = commands.map((command) => renderUsage(command, "short"));
  const leftWidth = Math.min(widestFlag + 8, Math.max(...usages.map(({ length }) => length)));
  return [
    `npx auxot ${noun} VERB [options]`,
    "",
    ...commands.flatMap((command, index) => renderRow(usages[index] ?? "", firstSentence(command), leftWidth, width)),
    "",
    `\`npx auxot ${noun} VERB --help\` says more.`,
    "",
  ].join("\n");
}

export function renderCommandHelp(command: Command, columns?: number): string {
  const width = chooseWidth(columns);
  const { options, examples = [] } = command;
  return [
    ...wrap(`npx auxot ${renderUsage(command, "whole")} [options]`, width, "    "),
    "",
    ...wrap(command.summary, width),
    "",
    ...(Object.keys(options).length === 0 ? [] : [...renderOptions(options, width), ""]),
    ...(examples.length === 0 ? [] : ["For example", ...examples.map((example) => `  ${example}`), ""]),
    "Every command has",
    ...renderOptions(everyCommandHas, width),
    "",
  ].join("\n");
}

/** `service-accounts` of `service-accounts keys list`: everything but the verb. */
export function readNoun(name: string): string {
  return name.split(" ").slice(0, -1).join(" ");
}

function renderUsage({ name, positionals, options }: Command, length: "short" | "whole"): string {
  const required = Object.entries(options).filter(([, option]) => option.isRequired === true);
  const words = positionals.map((positional) => positional.choices?.join("|") ?? positional.name);
  const flags = length === "short" ? [] : required.map(([flag, { value }]) => `--${flag} ${value}`);
  return [name, ...words, ...flags].join(" ");
}

function renderOptions(options: Readonly<Record<string, CommandOption>>, width: number): string[] {
  const entries = Object.entries(options)
    .filter(([, { isHidden, isToldBeside }]) => isHidden !== true && isToldBeside !== true)
    .map(([name, { value, summary, short }]) => {
      const flag = short === undefined ? `--${name}` : `-${short}, --${name}`;
      return { flag: value === undefined ? flag : `${flag} ${value}`, summary };
    });
  const leftWidth = Math.min(widestFlag, Math.max(...entries.map(({ flag }) => flag.length)));
  return entries.flatMap(({ flag, summary }) => renderRow(flag, summary, leftWidth, width));
}

/** Two columns; what is too long for the left one has its line alone. */
function renderRow(left: string, right: string, leftWidth: number, width: number): readonly string[] {
  const indent = "".padEnd(leftWidth + 4);
  const [first = "", ...more] = wrap(right, width - indent.length);
  const rest = more.map((line) => `${indent}${line}`);
  if (left.length > leftWidth) return [`  ${left}`, ...(first === "" ? [] : [`${indent}${first}`]), ...rest];
  return [`  ${left.padEnd(leftWidth)}  ${first}`.trimEnd(), ...rest];
}

/** Breaks at spaces, never inside a word; `indent` is before every line but the first. A line that fits stays as it is. */
function wrap(text: string, width: number, indent = ""): readonly string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function chooseWidth(columns = 80): number {
  return Math.max(50, Math.min(widest, columns));
}

function firstSentence({ summary }: Command): string {
  return summary.split(/(?<=\.) /)[0] ?? summary;
}
