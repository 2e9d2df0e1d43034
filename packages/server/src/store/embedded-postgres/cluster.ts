// Owns the making of a new, empty cluster. Starts no server.

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chown, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StoreLog } from "../store-log.ts";
import type { Binaries } from "./binaries.ts";
import type { Place } from "./place.ts";

export const clusterUser = "auxot";
/** The major version the binaries and the cluster must share. */
const majorVersion = "18";

/** Makes the cluster unless it is there. A start killed half way leaves no half cluster: it gets its name only when complete. */
export async function ensureCluster(binaries: Binaries, place: Place, log: StoreLog): Promise<void> {
  if (existsSync(place.clusterDir)) {
    checkVersion(place.clusterDir);
    return;
  }
  for (const name of await readdir(place.directory)) {
    if (name.startsWith("postgres.new-")) await rm(join(place.directory, name), { recursive: true });
  }
  const unfinished = join(place.directory, `postgres.new-${process.pid}`);
  await mkdir(unfinished, { mode: 0o700 });
  if (place.user !== undefined) await chown(unfinished, place.user.uid, place.user.gid);
  const startedAt = performance.now();
  await runInitdb(binaries, place, unfinished);
  await rename(unfinished, place.clusterDir);
  await syncDirectory(place.directory);
  log.info({ directory: place.clusterDir, tookMs: Math.round(performance.now() - startedAt) }, "Made a new database");
}

function checkVersion(clusterDir: string): void {
  const version = readFileSync(join(clusterDir, "PG_VERSION"), "utf8").trim();
  if (version === majorVersion) return;
  throw new Error(
    `The database in ${clusterDir} is from Postgres ${version}; this Auxot runs Postgres ${majorVersion}. ` +
      "Start the Auxot version that made it, or see the upgrade guide.",
  );
}

async function runInitdb(binaries: Binaries, place: Place, directory: string): Promise<void> {
  const options = ["-D", directory, "-U", clusterUser, "-A", "trust", "--locale=C", "-E", "UTF8", "--no-instructions"];
  const child = spawn(binaries.initdb, options, {
    ...place.user,
    cwd: place.directory,
    env: binaries.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve(status ?? signal));
  });
  if (code !== 0) throw new Error(`Making the database failed (initdb: ${code}):\n${output.trim()}`);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
