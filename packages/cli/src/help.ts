// The help pages, made from the commands themselves.

import type { Command, CommandOption } from "./command.ts";

const everyCommandHas: Readonly<Record<string, CommandOption>> = {
  url: { value: "URL", summary: "the router (default: AUXOT_URL, or http://127.0.0.1:8080)" },
  key: { value: "KEY", summary: "a caller's key, axk_… (default: AUXOT_KEY, which keeps it out of process lists)" },
  json: { summary: "answer in JSON, for programs" },
};

/** The page that lists `commands`. */
export function renderHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => renderUsage(command).length));
  return [
    "npx auxot COMMAND [options]",
    "",
    ...commands.map((command) => `  ${renderUsage(command).padEnd(width)}  ${command.summary}`),
    "",
    "Every command has:",
    ...renderOptions(everyCommandHas),
    "",
    "`npx auxot COMMAND --help` says more; `npx auxot --version` tells the version. Exit codes: 0 done, 1 failed, 2 asked for wrongly.",
    "",
  ].join("\n");
}

export function renderCommandHelp(command: Command): string {
  return [
    `npx auxot ${renderUsage(command)} [options]`,
    "",
    command.summary,
    "",
    ...renderOptions({ ...command.options, ...everyCommandHas }),
    "",
  ].join("\n");
}

function renderUsage({ name, positionals, options }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.isRequired);
  return [name, ...positionals, ...required.map(([flag, { value }]) => `--${flag} ${value}`)].join(" ");
}

function renderOptions(options: Readonly<Record<string, CommandOption>>): string[] {
  const entries = Object.entries(options).map(([name, { value, summary }]) => ({
    flag: value === undefined ? `--${name}` : `--${name} ${value}`,
    summary,
  }));
  const width = Math.max(...entries.map(({ flag }) => flag.length));
  return entries.map(({ flag, summary }) => `  ${flag.padEnd(width)}  ${summary}`);
}
