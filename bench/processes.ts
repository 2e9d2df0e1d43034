// Starts the processes of the bench: the router on one core, mock and generator on another where the system can pin.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, platform } from "node:os";

/** Absent where there is no taskset or only one core. */
export const canPin =
  platform() === "linux" &&
  availableParallelism() > 1 &&
  spawnSync("taskset", ["-V"], { stdio: "ignore" }).status === 0;

export const canReadProcessor = platform() === "linux";

/** Milliseconds of processor time that all threads of `child` have had. Undefined where the system does not tell. */
export function readProcessorMs({ pid }: ChildProcess): number | undefined {
  if (!canReadProcessor || pid === undefined) return undefined;
  const threads = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const thread of readdirSync(threads)) {
    nanoseconds += Number(readFileSync(`${threads}/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return nanoseconds / 1e6;
}

const silenceLimitMs = 60_000;

/** Starts `file` with an IPC channel; its stderr is ours. */
export function startProcess(file: string, core: number, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const command = [process.execPath, file];
  const [program = "", ...args] = canPin ? ["taskset", "--cpu-list", String(core), ...command] : command;
  return spawn(program, args, {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

/** The first message of `child` that `read` makes something of. Throws when `child` ends before, or says nothing for long. */
export async function receive<T>(child: ChildProcess, read: (message: unknown) => T | undefined): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const name = child.spawnargs.at(-1);
  const onMessage = (message: unknown): void => {
    const value = read(message);
    if (value !== undefined) resolve(value);
  };
  const onExit = (code: number | null): void => reject(new Error(`${name} ended early (exit code ${code}).`));
  const limit = setTimeout(() => reject(new Error(`${name} has said nothing for too long.`)), silenceLimitMs);
  child.on("message", onMessage).on("exit", onExit);
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    child.off("message", onMessage).off("exit", onExit);
  }
}

/** Asks it to stop, and waits. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(limit);
}
