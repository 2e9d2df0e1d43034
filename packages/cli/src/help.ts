// The help pages, made from the commands themselves.

import { everyCommandHas, type Command, type CommandOption } from "./command.ts";
import { countWords } from "./commands.ts";

/** The first page: commands of one word, and the nouns with what can be done to them. */
export function renderHelp(commands: readonly Command[]): string {
  const single = commands.filter(({ name }) => countWords(name) === 1);
  const nouns = new Map<string, string[]>();
  for (const { name } of commands.filter((command) => !single.includes(command))) {
    const noun = readNoun(name);
    nouns.set(noun, [...(nouns.get(noun) ?? []), name.slice(noun.length + 1)]);
  }
  const rows: readonly (readonly [string, string])[] = [
    ...single.map((command) => [renderUsage(command), firstSentence(command)] as const),
    ...Array.from(nouns, ([noun, verbs]) => [noun, verbs.join(", ")] as const),
  ];
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    "npx auxot COMMAND [options]",
    "",
    ...rows.slice(0, single.length).map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    "What can be administered, and how. A noun alone lists, where there is a list:",
    "",
    ...rows.slice(single.length).map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    "Every command has:",
    ...renderOptions(everyCommandHas),
    "",
    "`npx auxot NOUN --help` and `npx auxot COMMAND --help` say more; `npx auxot --version` tells the version.",
    "Exit codes: 0 done, 1 failed, 2 asked for wrongly.",
    "",
  ].join("\n");
}

/** The commands of one noun. */
export function renderGroupHelp(noun: string, commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => renderUsage(command).length));
  return [
    `npx auxot ${noun} COMMAND [options]`,
    "",
    ...commands.map((command) => `  ${renderUsage(command).padEnd(width)}  ${firstSentence(command)}`),
    "",
    `\`npx auxot ${noun} COMMAND --help\` says more.`,
    "",
  ].join("\n");
}

export function renderCommandHelp(command: Command): string {
  return [
    `npx auxot ${renderUsage(command)} [options]`,
    "",
    command.summary,
    "",
    ...(Object.keys(command.options).length === 0 ? [] : [...renderOptions(command.options), ""]),
    "Every command has:",
    ...renderOptions(everyCommandHas),
    "",
  ].join("\n");
}

/** `service-accounts` of `service-accounts keys list`: everything but the verb. */
export function readNoun(name: string): string {
  return name.split(" ").slice(0, -1).join(" ");
}

function renderUsage({ name, positionals, options }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.isRequired === true);
  const words = positionals.map((positional) => positional.choices?.join("|") ?? positional.name);
  return [name, ...words, ...required.map(([flag, { value }]) => `--${flag} ${value}`)].join(" ");
}

function renderOptions(options: Readonly<Record<string, CommandOption>>): string[] {
  const entries = Object.entries(options)
    .filter(([, { isHidden }]) => isHidden !== true)
    .map(([name, { value, summary, short }]) => {
      const flag = short === undefined ? `--${name}` : `-${short}, --${name}`;
      return { flag: value === undefined ? flag : `${flag} ${value}`, summary };
    });
  const width = Math.min(36, Math.max(...entries.map(({ flag }) => flag.length)));
  return entries.map(({ flag, summary }) =>
    flag.length > width
      ? `  ${flag}\n  ${"".padEnd(width)}  ${summary}`
      : `  ${flag.padEnd(width)}  ${summary}`.trimEnd(),
  );
}

function firstSentence({ summary }: Command): string {
  return summary.split(/(?<=\.) /)[0] ?? summary;
}
