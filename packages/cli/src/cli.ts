// Reads the arguments, finds the command, runs it, and turns errors into sentences. Exit codes: 0 done, 1 failed,
// 2 asked for wrongly.

import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { createClient } from "@auxot/client/client";
import { AppError } from "@auxot/wire/errors";
import type { Command, Invocation, OptionValues, Terminal } from "./command.ts";
import { renderCommandHelp, renderHelp } from "./help.ts";
import { keysCreate, keysList, keysRevoke } from "./keys.ts";
import { login } from "./login.ts";
import { missingKeyMessage } from "./missing-key.ts";
import { findNearMatches } from "@auxot/wire/near-matches";
import { verify } from "./verify.ts";
import { workersList } from "./workers.ts";
import packageFile from "../package.json" with { type: "json" };

const commands: readonly Command[] = [verify, keysCreate, keysList, keysRevoke, workersList, login];

/** Gives the exit code; never throws on what a person or a router may do. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args[0] === "--version" || args[0] === "-v") {
    terminal.out(`${packageFile.version}\n`);
    return 0;
  }
  if (args[0] === "help") return runCli([...args.slice(1), "--help"], terminal);
  const words = args.slice(0, firstOption(args));
  if (words.length === 0) {
    if (args.length > 0 && !isHelpAsked(args)) return refuse(terminal, `"${args[0]}" needs a command before it.`);
    terminal.out(renderHelp(commands));
    return 0;
  }
  const command = commands.find(({ name }) => name === words.slice(0, name.split(" ").length).join(" "));
  if (command === undefined) return answerUnknown(words, args, terminal);
  if (isHelpAsked(args)) {
    terminal.out(renderCommandHelp(command));
    return 0;
  }

  let invocation: Invocation;
  try {
    invocation = readInvocation(command, args.slice(command.name.split(" ").length), terminal);
  } catch (error) {
    return refuse(terminal, messageOf(error), command);
  }
  try {
    return await command.run(invocation, () => connect(invocation));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (invocation.isJson) {
      terminal.out(`${JSON.stringify({ error: { code: error.code, message: error.message } }, null, 2)}\n`);
    } else terminal.err(`${error.message}\n`);
    return 1;
  }
}

function connect({ url, key, terminal }: Invocation): ReturnType<typeof createClient> {
  if (key === undefined) throw new AppError("unauthenticated", missingKeyMessage);
  return createClient({ url, key, fetch: terminal.fetch });
}

function readInvocation(command: Command, args: readonly string[], terminal: Terminal): Invocation {
  const known: ParseArgsOptionsConfig = {
    url: { type: "string" },
    key: { type: "string" },
    json: { type: "boolean" },
  };
  for (const [name, { value }] of Object.entries(command.options)) {
    known[name] = { type: value === undefined ? "boolean" : "string" };
  }
  refuseUnknownOptions(args, Object.keys(known));
  const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true });
  const { url, key, json, ...options } = values as OptionValues;
  for (const [name, { isRequired, value }] of Object.entries(command.options)) {
    if (isRequired && options[name] === undefined)
      throw new AppError("invalid_request", `--${name} ${value} is missing.`);
  }
  const missing = command.positionals[positionals.length];
  if (missing !== undefined) throw new AppError("invalid_request", `${missing} is missing.`);
  const extra = positionals[command.positionals.length];
  if (extra !== undefined) throw new AppError("invalid_request", `"${extra}" is one word too many.`);

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

/** parseArgs would refuse them too, without a near match. */
function refuseUnknownOptions(args: readonly string[], known: readonly string[]): void {
  const { tokens } = parseArgs({ args: [...args], strict: false, tokens: true, allowPositionals: true });
  for (const token of tokens) {
    if (token.kind !== "option" || known.includes(token.name)) continue;
    const near = findNearMatches(token.name, known)[0];
    const hint = near === undefined ? "" : ` Did you mean --${near}?`;
    throw new AppError("invalid_request", `There is no option ${token.rawName}.${hint}`);
  }
}

function answerUnknown(words: readonly string[], args: readonly string[], terminal: Terminal): number {
  const group = commands.filter(({ name }) => name.startsWith(`${words[0]} `));
  if (group.length > 0 && words.length === 1) {
    if (isHelpAsked(args)) terminal.out(renderHelp(group));
    else terminal.err(renderHelp(group));
    return isHelpAsked(args) ? 0 : 2;
  }
  const asked = words.slice(0, 2).join(" ");
  const names = commands.map(({ name }) => name);
  const near = findNearMatches(asked, names)[0] ?? findNearMatches(words[0] ?? "", [...names, "keys"])[0];
  const hint = near === undefined ? "" : ` Did you mean "auxot ${near}"?`;
  return refuse(terminal, `There is no command "${group.length > 0 ? asked : words[0]}".${hint}`);
}

function refuse(terminal: Terminal, reason: string, command?: Command): number {
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
