// Runs a program of the repository as a real process: what it says, how it ends, and that it always ends. Knows nothing
// of routers or workers.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { until, within } from "./until.ts";

export const repository = path.join(import.meta.dirname, "../..");

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Program = AsyncDisposable & {
  readonly pid: number;
  /** All it wrote so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when its streams are closed too, so that nothing it said is missing. */
  readonly exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
  /** Closes the channel and leaves what it says unread, as the death of a parent process does. */
  abandon(): void;
  /** The first place where stdout or stderr match. Rejects when the program ends before. */
  said(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
  /** The next message over IPC that was not taken yet. Rejects when the program ends before. */
  nextMessage(limitMs?: number): Promise<unknown>;
};

export type ProgramOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** false: for programs that are started without IPC in real life too. */
  readonly ipc?: boolean;
  /** Another program than our Node, which gets all of `args` as they are. */
  readonly command?: string;
};

const startLimitMs = 20_000;
const stopLimitMs = 8000;
const withoutIpc = new Set<ChildProcess>();

// A test file that is stopped from outside takes its programs along: those with IPC see the channel close.
process.on("SIGTERM", () => process.exit(143));
process.on("exit", () => {
  for (const child of withoutIpc) child.kill("SIGTERM");
});

/** Starts `node ...args`, `args[0]` being a file of the repository. Disposing stops it, by SIGKILL when it will not. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): Program {
  const [file = "", ...rest] = args;
  const ipc = options.ipc ?? true;
  const { command = process.execPath } = options;
  const child = spawn(command, options.command === undefined ? [path.join(repository, file), ...rest] : args, {
    cwd: options.cwd ?? repository,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ["ignore", "pipe", "pipe", ...(ipc ? (["ipc"] as const) : [])],
  });
  if (!ipc) withoutIpc.add(child);
  const out = collect(child.stdout);
  const err = collect(child.stderr);
  const messages: unknown[] = [];
  child.on("message", (message) => messages.push(message));
  let exit: Exit | undefined;
  const { promise: exited, resolve: onExit } = Promise.withResolvers<Exit>();
  child.on("close", finish);

  function finish(code: number | null, signal: NodeJS.Signals | null): void {
    withoutIpc.delete(child);
    exit = { code, signal };
    onExit(exit);
  }

  /** What `find` gives, or an error with everything the program said when it ended without. */
  async function wait<T>(what: string, find: () => T | undefined, limitMs: number): Promise<T> {
    try {
      return await until(
        `${file} ${what}`,
        () => {
          const isOver = exit !== undefined;
          const found = find();
          if (found === undefined && isOver)
            throw new Error(`${file} ended (${JSON.stringify(exit)}) before it ${what}`);
          return found;
        },
        limitMs,
      );
    } catch (cause) {
      throw new Error(`${String(cause)}\nstdout: ${out()}\nstderr: ${err()}`, { cause });
    }
  }

  return {
    pid: child.pid ?? 0,
    out,
    err,
    exited,
    signal: (signal) => void child.kill(signal),
    abandon() {
      // Streams that are destroyed here keep "close" from coming.
      child.on("exit", finish);
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.disconnect();
    },
    said: (pattern, limitMs = startLimitMs) =>
      wait(`said ${pattern}`, () => pattern.exec(out()) ?? pattern.exec(err()) ?? undefined, limitMs),
    nextMessage: (limitMs = startLimitMs) => wait("sent a message", () => messages.shift(), limitMs),
    async [Symbol.asyncDispose]() {
      if (exit !== undefined) return;
      // One that was stopped for a moment would not hear of it.
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await within(stopLimitMs, `${file} stopped`, exited).catch(() => child.kill("SIGKILL"));
      await exited;
    },
  };
}

/** Runs a program to its end. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Exit & { readonly out: string; readonly err: string }> {
  await using program = startProgram(args, options);
  const exit = await within(startLimitMs, `${args.join(" ")} ended`, program.exited);
  return { ...exit, out: program.out(), err: program.err() };
}

/** Process ids of the children of `pid`. */
export async function listChildren(pid: number): Promise<number[]> {
  const ps = spawn("ps", ["-A", "-o", "pid=,ppid="], { stdio: ["ignore", "pipe", "inherit"] });
  const table = collect(ps.stdout);
  await once(ps, "close");
  return table()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid && child !== undefined && child !== ps.pid ? [child] : []));
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What the tests are run with must not configure what they start. */
function cleanEnvironment(): Record<string, string | undefined> {
  const foreign = /^(AUXOT_|HF_|NODE_TEST_CONTEXT|NODE_OPTIONS|NO_COLOR|FORCE_COLOR)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  return () => text;
}
