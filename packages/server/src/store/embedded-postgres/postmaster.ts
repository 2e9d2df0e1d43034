// Owns one running Postgres server process: starting it, adopting one that outlived its router, stopping it.

import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isAlive, readStartMark, worksIn } from "../process-identity.ts";
import type { Binaries } from "./binaries.ts";
import type { Place } from "./place.ts";
import { disownPostmasterFile, readPostmasterFile } from "./postmaster-file.ts";

/** A server that answers. */
export type Postmaster = {
  readonly pid: number;
  /** `readStartMark` of the process: another one may get its number later. */
  readonly mark: string | undefined;
  readonly socketDir: string;
  readonly adopted: boolean;
  /** Resolves, never rejects, when the process is gone, whatever ended it. */
  readonly gone: Promise<void>;
};

const pollMs = 25;
/** Crash recovery of a long write-ahead log may take minutes. */
const startTimeoutMs = 300_000;
const maxLogBytes = 10 * 1024 * 1024;

/** The server a killed router left running in this cluster, once it answers. Undefined when there is none. */
export async function adoptPostmaster(place: Place): Promise<Postmaster | undefined> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const file = await readPostmasterFile(place.clusterDir);
    if (file === undefined) return undefined;
    if (!isAlive(file.pid) || !worksIn(file.pid, place.clusterDir)) {
      await disownPostmasterFile(place.clusterDir);
      return undefined;
    }
    if (file.ready) {
      const mark = readStartMark(file.pid);
      const gone = watchProcess(file.pid, mark);
      const found = { pid: file.pid, mark, socketDir: file.socketDir, adopted: true, gone };
      if (await answers(`${file.socketDir}/.s.PGSQL.${file.port}`)) return found;
      // Somebody cleaned /tmp: nobody can reach it any more.
      await stopPostmaster(found);
      return undefined;
    }
    if (performance.now() > deadline) {
      throw new Error(`The database server left by an earlier router (process ${file.pid}) does not answer. End it.`);
    }
    // It is just starting or just stopping: it will become ready or go.
    await wait(pollMs);
  }
}

/** Starts the server. Throws an Error with the last lines of its log. */
export async function startPostmaster(binaries: Binaries, place: Place, socketDir: string): Promise<Postmaster> {
  if (existsSync(place.logFile) && statSync(place.logFile).size > maxLogBytes) {
    renameSync(place.logFile, `${place.logFile}.1`);
  }
  // Nobody else uses this directory, and the cluster has no live server: a lock file here names a dead or foreign process.
  rmSync(join(socketDir, ".s.PGSQL.5432.lock"), { force: true });
  const log = openSync(place.logFile, "a", 0o600);
  const logStart = statSync(place.logFile).size;
  const settings = [
    "shared_buffers=64MB",
    "max_connections=40",
    "log_checkpoints=off",
    // Details of errors are rows and values: prompts, for one.
    "log_error_verbosity=terse",
    "unix_socket_permissions=0700",
  ];
  const child = spawn(
    binaries.postgres,
    [
      "-D",
      place.clusterDir,
      "-k",
      socketDir,
      "-h",
      "",
      "-p",
      "5432",
      ...settings.flatMap((setting) => ["-c", setting]),
    ],
    // A process group of its own: Ctrl-C in a terminal must reach the router alone, which then drains and stops it.
    { ...place.user, cwd: place.directory, env: binaries.env, stdio: ["ignore", log, log], detached: true },
  );
  closeSync(log);
  let over: string | undefined;
  const gone = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      over = how;
      resolve();
    };
    child.once("error", (error) => end(`cannot run: ${error.message}`));
    child.once("exit", (code, signal) => end(`ended with ${code ?? signal}`));
  });
  child.unref();
  const deadline = performance.now() + startTimeoutMs;
  while (over === undefined) {
    const file = await readPostmasterFile(place.clusterDir);
    if (file !== undefined && file.pid === child.pid && file.ready) {
      return { pid: file.pid, mark: readStartMark(file.pid), socketDir, adopted: false, gone };
    }
    if (performance.now() > deadline) {
      child.kill("SIGQUIT");
      over = "did not become ready";
    }
    await wait(pollMs);
  }
  const tail = readFileSync(place.logFile).subarray(logStart).toString("utf8").trim().split("\n").slice(-10).join("\n");
  throw new Error(`The embedded Postgres ${over}. The end of ${place.logFile}:\n${tail}`);
}

/** Fast shutdown (SIGINT), after 20 s an immediate one (SIGQUIT), which costs a recovery at the next start but no data. */
export async function stopPostmaster(postmaster: Postmaster): Promise<void> {
  signal(postmaster, "SIGINT");
  if (await endsWithin(postmaster, 20_000)) return;
  signal(postmaster, "SIGQUIT");
  if (await endsWithin(postmaster, 10_000)) return;
  throw new Error(`The embedded Postgres (process ${postmaster.pid}) does not stop.`);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function endsWithin({ pid, mark }: Postmaster, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (mark === undefined || readStartMark(pid) !== mark) return true;
    await wait(pollMs);
  }
  return false;
}

/** For a process that is no child of ours: asked every second, without keeping this process alive. */
function watchProcess(pid: number, mark: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (readStartMark(pid) === mark) return;
      clearInterval(timer);
      resolve();
    }, 1000);
    timer.unref();
  });
}

function signal({ pid, mark }: Postmaster, name: NodeJS.Signals): void {
  if (mark === undefined || readStartMark(pid) !== mark) return;
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already, which is what was wanted.
  }
}
