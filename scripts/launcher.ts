// Runs a router process and, beside it, a worker process that dials into it; starts the worker again when it dies, and
// stops both in the right order. Knows nothing of what they do, and reads no arguments of ours.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

export type LauncherOptions = {
  /** Arguments of node: the entry file and its own arguments. */
  readonly server: readonly string[];
  /** Absent: no worker is started. */
  readonly worker?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line for people. */
  readonly say: (line: string) => void;
  /** The wait before the worker is started again, after `failures` (from 1) early deaths in a row. */
  readonly restartDelayMs: (failures: number) => number;
  /** A worker that lived so long had a good start. */
  readonly goodStartMs: number;
};

export type Launcher = {
  /** The exit code of the whole, once every process has ended. Never rejects. */
  readonly done: Promise<number>;
  /** The first call drains: the worker serves on until the server has ended. The second kills. */
  stop(): void;
};

/** Settings of the router that a worker has no business with. */
const serverOnlyVariables = ["AUXOT_SECRET_KEY", "AUXOT_DATABASE_URL", "AUXOT_REDIS_URL", "AUXOT_BOOTSTRAP_KEY"];
const badSettingsCode = 2;
/** What a worker means by its exit code. Starting it again would not help. */
const workerExitReasons: Readonly<Record<number, string>> = {
  [badSettingsCode]: "it cannot run with these settings",
  3: "the router refused its key or version",
};

type Listening = { readonly url: string; readonly workerKey: string };

/** Starts the server at once, and the worker when the server says over IPC that it listens. */
export function createLauncher(options: LauncherOptions): Launcher {
  const { promise: done, resolve: finish } = Promise.withResolvers<number>();
  let stopping = false;
  let exitCode: number | undefined;
  let listening: Listening | undefined;
  let worker: ChildProcess | undefined;
  let failures = 0;
  let restartTimer: NodeJS.Timeout | undefined;

  const server = startNode(options.server, options.env);
  server.on("message", onServerMessage);
  void followServer();

  async function followServer(): Promise<void> {
    const code = await onceEnded(server);
    if (!stopping && listening !== undefined) options.say(`The router stopped (exit code ${code}).`);
    stopping = true;
    clearTimeout(restartTimer);
    exitCode ??= code;
    if (worker === undefined) finish(exitCode);
    else worker.kill("SIGTERM");
  }

  function onServerMessage(message: unknown): void {
    const told = readListening(message);
    if (told === undefined || options.worker === undefined || stopping) return;
    const isSame = told.url === listening?.url && told.workerKey === listening.workerKey;
    const isFirst = listening === undefined;
    listening = told;
    if (isFirst) void runWorker(options.worker, told);
    // A server that was restarted by --watch may have made a new key: the worker is started again with it.
    else if (!isSame) worker?.kill("SIGTERM");
  }

  async function runWorker(args: readonly string[], { url, workerKey }: Listening): Promise<void> {
    const env: Record<string, string | undefined> = {
      ...options.env,
      AUXOT_ROUTER_URL: url,
      AUXOT_WORKER_KEY: workerKey,
    };
    for (const name of serverOnlyVariables) delete env[name];
    const startedAt = performance.now();
    worker = startNode(args, env);
    const code = await onceEnded(worker);
    worker = undefined;
    if (!stopping) onWorkerDied(args, code, performance.now() - startedAt);
    else if (exitCode !== undefined && !isRunning(server)) finish(exitCode);
  }

  function onWorkerDied(args: readonly string[], code: number, livedMs: number): void {
    const hadGoodStart = livedMs >= options.goodStartMs;
    const reason = workerExitReasons[code];
    // At the start this is the answer to what the user asked for; later the router may serve others without the worker.
    if (reason !== undefined && failures === 0 && (code === badSettingsCode || !hadGoodStart)) {
      options.say(`The worker stopped: ${reason}. Stopping the router too.`);
      stop(code);
      return;
    }
    if (reason !== undefined) {
      options.say(`The worker stopped: ${reason}. The router goes on without it.`);
      return;
    }
    failures = hadGoodStart ? 1 : failures + 1;
    const delayMs = options.restartDelayMs(failures);
    options.say(`The worker stopped (exit code ${code}). Starting it again in ${delayMs / 1000} s.`);
    restartTimer = setTimeout(() => {
      if (listening !== undefined) void runWorker(args, listening);
    }, delayMs);
  }

  function stop(code?: number): void {
    exitCode ??= code;
    const signal = stopping ? "SIGKILL" : "SIGTERM";
    stopping = true;
    clearTimeout(restartTimer);
    // The server first: what it still drains may run on the worker.
    if (isRunning(server)) server.kill(signal);
    else worker?.kill(signal);
    if (signal === "SIGKILL") worker?.kill(signal);
  }

  return { done, stop: () => stop() };
}

/** Its own process group, so that the terminal's Ctrl-C reaches only the launcher. */
function startNode(args: readonly string[], env: Readonly<Record<string, string | undefined>>): ChildProcess {
  return spawn(process.execPath, args, {
    env,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: process.platform !== "win32",
  });
}

/** Its exit code; 1 when it could not start, 128 + 9 or + 15 as a shell counts when a signal ended it. */
async function onceEnded(child: ChildProcess): Promise<number> {
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? (signal === "SIGKILL" ? 137 : signal === "SIGTERM" ? 143 : 1);
  } catch {
    return 1;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function readListening(message: unknown): Listening | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { type, url, workerKey } = message as Readonly<Record<string, unknown>>;
  if (type !== "listening" || typeof url !== "string" || typeof workerKey !== "string") return undefined;
  return { url, workerKey };
}
