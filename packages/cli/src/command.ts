// The words of the command line: what a command is, and what it is given.

import type { Client } from "@auxot/client/client";
import type { Environment } from "./config.ts";

/** The edges of the process. */
export type Terminal = {
  readonly environment: Environment;
  readonly isColoured: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly fetch: typeof globalThis.fetch;
  /** Wall clock, in ms. */
  readonly now: () => number;
  /** Monotonic, in ms. */
  readonly clock: () => number;
};

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

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
  /** One or two words. */
  readonly name: string;
  readonly summary: string;
  /** The words after the name, e.g. `ID`; as many are required. */
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Checks what can be checked without the router: throws `invalid_request`. */
  readonly check?: (invocation: Invocation) => void;
  /** Gives the exit code. `client` asks for a key when there is none. */
  readonly run: (invocation: Invocation, client: () => Client) => Promise<number>;
};

export type CommandOption = {
  /** What the option takes, e.g. `NAME`; absent for a switch. */
  readonly value?: string;
  readonly summary: string;
  readonly isRequired?: true;
};
