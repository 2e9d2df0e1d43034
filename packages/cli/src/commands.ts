// Every command there is, in the order help shows them.

import { allOperations } from "@auxot/wire/operations/all";
import { apply, exportAll } from "./apply.ts";
import type { Command } from "./command.ts";
import { createCompletion } from "./completion/completion.ts";
import { login } from "./login.ts";
import { createOperationCommand } from "./operation-command.ts";
import { verify } from "./verify.ts";

/** Those that are no operation's first. */
export function listCommands(): readonly Command[] {
  const commands: readonly Command[] = [verify, login, apply, exportAll, ...allOperations.map(createOperationCommand)];
  return [...commands, createCompletion(() => listCommands())];
}

/** What a noun alone means: the first of these that it has. */
const usualVerbs = ["list", "show", "query"];

/** Finds the command that the first words name: the longest name wins, and a noun alone means its list. */
export function findCommand(commands: readonly Command[], words: readonly string[]): Command | undefined {
  const named = commands
    .filter(({ name }) => name === words.slice(0, countWords(name)).join(" "))
    .toSorted((a, b) => countWords(b.name) - countWords(a.name))[0];
  const usual = usualVerbs.map((verb) => commands.find(({ name }) => name === `${words.join(" ")} ${verb}`));
  return named ?? usual.find((command) => command !== undefined);
}

export function countWords(name: string): number {
  return name.split(" ").length;
}
