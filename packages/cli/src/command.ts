// The words of the command line: what a command is, and what it is given.

import type { Client } from "@auxot/client/client";
import type { Environment } from "./config.ts";

/** The edges of the process. */
export type Terminal = {
  readonly environment: Environment;
  readonly isColoured: boolean;
  /** How wide the terminal is, in characters. Absent: a file or a pipe, where nothing is cut. */
  readonly columns?: number;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly fetch: typeof globalThis.fetch;
  /** Asks a person a question that yes or no answers. Absent: nobody sits there. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** The text of a file; "-" is what is piped in. Throws an Error of Node. */
  readonly readFile: (path: string) => Promise<string>;
  /** Wall clock, in ms. */
  readonly now: () => number;
  /** Monotonic, in ms. */
  readonly clock: () => number;
};

/** A list for options that may be given several times. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export type Invocation = {
  readonly terminal: Terminal;
  readonly url: string;
  readonly key: string | undefined;
  readonly isJson: boolean;
  /** Without --url, --key, --json and --help, which every command has. */
  readonly options: OptionValues;
  readonly positionals: readonly string[];
};

export type Command = {
  /** One to three words. */
  readonly name: string;
  readonly summary: string;
  /** The words after the name, e.g. `ID`; as many are required. */
  readonly positionals: readonly Positional[];
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Whole command lines for help. */
  readonly examples?: readonly string[];
  /** Checks what can be checked without the router: throws `invalid_request`. */
  readonly check?: (invocation: Invocation) => void;
  /** Gives the exit code. `client` asks for a key when there is none. */
  readonly run: (invocation: Invocation, client: () => Client) => Promise<number>;
};

export type Positional = {
  readonly name: string;
  /** The words it may be, where these are few. */
  readonly choices?: readonly string[];
};

export type CommandOption = {
  /** What the option takes, e.g. `NAME`; absent for a switch. */
  readonly value?: string;
  readonly summary: string;
  readonly isRequired?: boolean;
  /** May be given several times. */
  readonly isRepeated?: boolean;
  /** The texts it may be, where these are few. */
  readonly choices?: readonly string[];
  /** It takes the path of a file. */
  readonly isFile?: boolean;
  /** One letter. */
  readonly short?: string;
  /** It takes back what another option sets, whose help tells it too. */
  readonly isToldBeside?: boolean;
  /** The command takes it, its help is silent about it. */
  readonly isHidden?: boolean;
};

/** What every command has. */
export const everyCommandHas: Readonly<Record<string, CommandOption>> = {
  url: { value: "URL", summary: "The router (default: AUXOT_URL, or http://127.0.0.1:8080)" },
  key: { value: "KEY", summary: "Your key, axk_… (default: AUXOT_KEY, which no list of processes shows)" },
  json: { summary: "Answer in JSON, for programs" },
  help: { summary: "Show this page", short: "h" },
};

/** Writes a value as a program reads it; gives the exit code. */
export function printJson({ terminal }: Pick<Invocation, "terminal">, value: unknown): number {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  return 0;
}
