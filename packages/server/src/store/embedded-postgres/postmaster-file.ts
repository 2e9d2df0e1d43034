// Owns reading `postmaster.pid`, which a running Postgres keeps in its cluster directory.
// Layout: src/include/utils/pidfile.h of PostgreSQL 18.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type PostmasterFile = {
  readonly pid: number;
  readonly port: number;
  /** Empty while it starts. */
  readonly socketDir: string;
  readonly ready: boolean;
};

/** Undefined when there is none, or none that makes sense. */
export async function readPostmasterFile(clusterDir: string): Promise<PostmasterFile | undefined> {
  let lines: string[];
  try {
    lines = (await readFile(pathOf(clusterDir), "utf8")).split("\n");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3] ?? 0), socketDir: lines[4] ?? "", ready: lines[7]?.trim() === "ready" };
}

/**
 * Puts a number no process has into a file whose server is gone. Otherwise Postgres would take a zombie, or a program
 * that got the number since, for its server and refuse to start. The rest stays: Postgres checks with it for survivors.
 */
export async function disownPostmasterFile(clusterDir: string): Promise<void> {
  const path = pathOf(clusterDir);
  const lines = (await readFile(path, "utf8")).split("\n");
  lines[0] = "2147483646";
  await writeFile(path, lines.join("\n"));
}

function pathOf(clusterDir: string): string {
  return join(clusterDir, "postmaster.pid");
}
