// The directory of this worker's processes: sessions, credentials, whatever the agent writes. Removed at the end; what a
// worker that was killed has left is removed by the next one.

import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import path from "node:path";

export type ScratchRoot = { readonly path: string; remove(): void };

/** Makes it in `parent`, for its owner only. */
export function openScratch(parent: string): ScratchRoot {
  const prefix = `auxot-cli-${nameProcesses()}-`;
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split("-")[0]) : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) remove(path.join(parent, name));
  }
  const root = mkdtempSync(path.join(parent, `${prefix}${process.pid}-`));
  return { path: root, remove: () => remove(root) };
}

function remove(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Another user's.
  }
}

/** Ids of processes mean something only among those that see each other: containers may share a directory. */
function nameProcesses(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    return "0";
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
