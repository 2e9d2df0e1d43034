// Owns the rule "one router a data directory". The lock is the kernel's (fcntl, through an empty SQLite file), so it
// ends with its process, needs no clean-up, and holds between containers that share the directory.

import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export type DataDirLock = {
  /** Gives the directory free. Idempotent. */
  release(): Promise<void>;
};

const sqliteBusy = 5;
/** Keeps the garbage collector from closing a lock nobody asks after. */
const held = new Set<DatabaseSync>();

/** Makes the directory when it is missing. Throws an Error that names the process that holds it. */
export async function acquireDataDirLock(dataDir: string): Promise<DataDirLock> {
  await makeDataDir(dataDir);
  // Only for people: who holds the lock. The kernel decides whether it is held.
  const ownerFile = join(dataDir, "router.pid");
  const file = join(dataDir, "router.lock");
  let handle: DatabaseSync;
  try {
    handle = new DatabaseSync(file, { timeout: 0 });
  } catch (cause) {
    throw new Error(`Cannot open ${file}. May this user (${describeUser()}) write there?`, { cause });
  }
  try {
    handle.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    handle.close();
    if (!isBusy(cause))
      throw new Error(`Cannot lock ${file}. May this user (${describeUser()}) write there?`, { cause });
    const owner = await readFile(ownerFile, "utf8").catch(() => "");
    throw new Error(
      `Another Auxot router (process ${owner.trim() || "unknown"}) is using ${dataDir}. ` +
        "Stop it, or give this one its own directory with AUXOT_DATA_DIR.",
      { cause },
    );
  }
  held.add(handle);
  await writeFile(ownerFile, `${process.pid}\n`);
  let released = false;
  return {
    async release() {
      if (released) return;
      released = true;
      await rm(ownerFile, { force: true });
      held.delete(handle);
      handle.close();
    },
  };
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    const made = await mkdir(dataDir, { recursive: true });
    // Root's Postgres runs as another user who must pass through. The secret files inside have mode 0600 of their own.
    if (made !== undefined) await chmod(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700);
  } catch (cause) {
    throw new Error(
      `Cannot make the data directory ${dataDir} as ${describeUser()}. Choose another one with AUXOT_DATA_DIR.`,
      { cause },
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}

function describeUser(): string {
  return `user id ${process.getuid?.() ?? "unknown"}`;
}
