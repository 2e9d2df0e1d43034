// Reads the arguments, finds the command, runs it, and turns errors into sentences. Exit codes: 0 done, 1 failed,
// 2 asked for wrongly.

import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { createClient } from "@auxot/client/client";
import { AppError } from "@auxot/wire/errors";
import { findNearMatches } from "@auxot/wire/near-matches";
import {
  everyCommandHas,
  printJson,
  type Command,
  type Invocation,
  type OptionValues,
  type Terminal,
} from "./command.ts";
import { countWords, findCommand, listCommands } from "./commands.ts";
import { readNoun, renderCommandHelp, renderGroupHelp, renderHelp } from "./help.ts";
import { missingKeyMessage } from "./missing-key.ts";
import packageFile from "../package.json" with { type: "json" };

/** Gives the exit code; never throws on what a person or a router may do. */
export async function runCli(
  given: readonly string[],
  terminal: Terminal,
  commands: readonly Command[] = listCommands(),
): Promise<number> {
  const args = putOptionsLast(given);
  if (args[0] === "--version" || args[0] === "-v") {
    terminal.out(`${packageFile.version}\n`);
    return 0;
  }
  if (args[0] === "help") return runCli([...args.slice(1), "--help"], terminal, commands);
  const words = args.slice(0, firstOption(args));
  if (words.length === 0) {
    if (args.length > 0 && !isHelpAsked(args)) return refuse(terminal, `"${args[0]}" needs a command before it.`);
    terminal.out(renderHelp(commands, terminal.columns));
    return 0;
  }
  const group = commands.filter(({ name }) => readNoun(name) === words.join(" "));
  if (group.length > 0 && isHelpAsked(args)) {
    terminal.out(renderGroupHelp(words.join(" "), group, terminal.columns));
    return 0;
  }
  const command = findCommand(commands, words);
  if (command === undefined) return answerUnknown(commands, words, terminal);
  if (isHelpAsked(args)) {
    terminal.out(renderCommandHelp(command, terminal.columns));
    return 0;
  }
  return runCommand(command, args.slice(group.length > 0 ? words.length : countWords(command.name)), terminal);
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = readInvocation(command, args, terminal);
  } catch (error) {
    return refuse(terminal, messageOf(error), command);
  }
  try {
    return await command.run(invocation, () => connect(invocation));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (invocation.isJson) printJson(invocation, { error: { code: error.code, message: error.message } });
    else terminal.err(`${error.message}\n`);
    return 1;
  }
}

function connect({ url, key, terminal }: Invocation): ReturnType<typeof createClient> {
  if (key === undefined) throw new AppError("unauthenticated", missingKeyMessage);
  return createClient({ url, key, fetch: terminal.fetch, face: "cli" });
}

function readInvocation(command: Command, args: readonly string[], terminal: Terminal): Invocation {
  const known: ParseArgsOptionsConfig = {};
  for (const [name, option] of Object.entries({ ...command.options, ...everyCommandHas })) {
    known[name] = {
      type: option.value === undefined ? "boolean" : "string",
      ...(option.isRepeated === true ? { multiple: true } : {}),
      ...(option.short === undefined ? {} : { short: option.short }),
    };
  }
  refuseUnknownOptions(args, known);
  const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true });
  const { url, key, json, ...options } = values as OptionValues;
  for (const [name, { isRequired, value }] of Object.entries(command.options)) {
    const isGiven = [name, `no-${name}`, `${name}-file`].some((one) => options[one] !== undefined);
    if (isRequired === true && !isGiven) {
      throw new AppError("invalid_request", `--${name} ${value} is missing.`);
    }
  }
  checkPositionals(command, positionals);

  const { environment } = terminal;
  const invocation: Invocation = {
    terminal,
    url: (typeof url === "string" ? url : environment.url).replace(/\/+$/, ""),
    key: typeof key === "string" ? key : environment.key,
    isJson: json === true,
    options,
    positionals,
  };
  command.check?.(invocation);
  return invocation;
}

function checkPositionals({ positionals: wanted }: Command, given: readonly string[]): void {
  for (const [index, { name, choices }] of wanted.entries()) {
    const word = given[index];
    const among = choices === undefined ? "" : `: ${choices.join(", ")}`;
    if (word === undefined || word === "") throw new AppError("invalid_request", `${name} is missing${among}.`);
    if (choices?.includes(word) === false)
      throw new AppError("invalid_request", `"${word}" is none of ${choices.join(", ")}.`);
  }
  const extra = given[wanted.length];
  if (extra !== undefined) throw new AppError("invalid_request", `"${extra}" is one word too many.`);
}

/** parseArgs would refuse them too, without a near match. */
function refuseUnknownOptions(args: readonly string[], options: ParseArgsOptionsConfig): void {
  const known = Object.keys(options);
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  for (const token of tokens) {
    if (token.kind !== "option" || known.includes(token.name)) continue;
    const near = findNearMatches(token.name, known)[0];
    const hint = near === undefined ? "" : ` Did you mean --${near}?`;
    throw new AppError("invalid_request", `There is no option ${token.rawName}.${hint}`);
  }
}

function answerUnknown(commands: readonly Command[], words: readonly string[], terminal: Terminal): number {
  const [noun = ""] = words;
  const group = commands.filter(({ name }) => readNoun(name) === noun);
  if (group.length > 0 && words.length === 1) {
    terminal.err(renderGroupHelp(noun, group, terminal.columns));
    return 2;
  }
  const asked = words.slice(0, 2).join(" ");
  const names = commands.map(({ name }) => name);
  const near =
    (group.length > 0 ? undefined : findNearMatches(noun, [...new Set(names.map(readNoun)), ...names])[0]) ??
    findNearMatches(asked, names)[0];
  const hint = near === undefined ? "" : ` Did you mean "auxot ${near}"?`;
  const reason = `There is no command "${group.length > 0 ? asked : noun}".${hint}`;
  return refuse(terminal, reason, group.length > 0 ? { name: noun } : undefined);
}

/** `auxot --url URL keys list` is `auxot keys list --url URL`. */
function putOptionsLast(args: readonly string[]): readonly string[] {
  let next = 0;
  for (let arg = args[0]; arg?.startsWith("--"); arg = args[next]) {
    const option = everyCommandHas[arg.slice(2).split("=")[0] ?? ""];
    if (option === undefined || arg === "--help") return args;
    next += option.value === undefined || arg.includes("=") ? 1 : 2;
  }
  return next === 0 || next >= args.length ? args : [...args.slice(next), ...args.slice(0, next)];
}

function refuse(terminal: Terminal, reason: string, command?: Pick<Command, "name">): number {
  const name = command === undefined ? "" : ` ${command.name}`;
  terminal.err(`${reason}\n\`npx auxot${name} --help\` says more.\n`);
  return 2;
}

function firstOption(args: readonly string[]): number {
  const index = args.findIndex((arg) => arg.startsWith("-"));
  return index < 0 ? args.length : index;
}

function isHelpAsked(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
