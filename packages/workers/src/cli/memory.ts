// How much memory a process and its children use.

import { readFileSync } from "node:fs";

const mebibyte = 1024 * 1024;
/** What Claude Code takes where the system does not tell (measured: 170 MB). */
export const usualBytes = 200 * mebibyte;

/** Resident bytes on Linux; elsewhere, and for a process that is gone, what is usual. */
export function measureMemory(pid: number | undefined): number {
  if (pid === undefined || process.platform !== "linux") return usualBytes;
  const bytes = addUp(pid);
  return bytes === 0 ? usualBytes : bytes;
}

function addUp(pid: number): number {
  try {
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    return Number(resident ?? 0) * 1024 + children.reduce((sum, child) => sum + addUp(child), 0);
  } catch {
    return 0;
  }
}
