// Owns questions about other processes of this machine. Sends no signals but the empty one.

import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";

/** False for processes that ended but were not collected yet (zombies). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return readStat(pid)?.state !== "Z";
}

/** Tells a process from a later one with the same number. Undefined when it is gone. */
export function readStartMark(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  return readStat(pid)?.startTime ?? askPs(pid, "lstart=");
}

/** Whether the process works in `directory` (Linux), or elsewhere is a Postgres that names it. */
export function worksIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory);
  } catch {
    const command = askPs(pid, "command=") ?? "";
    return command.includes("postgres") && command.includes(directory);
  }
}

function readStat(pid: number): { state: string; startTime: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces: fields are counted after it. proc(5): 3 is the state, 22 the start time.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", startTime: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

function askPs(pid: number, field: string): string | undefined {
  try {
    return execFileSync("ps", ["-o", field, "-p", String(pid)], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}
