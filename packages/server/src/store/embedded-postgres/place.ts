// Owns where the cluster and its socket lie and which user Postgres runs as. Postgres refuses root, so root's router
// gives it another user, who must be able to enter every directory above the cluster.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { StoreLog } from "../store-log.ts";

/** Whom Postgres runs as. Absent: as the router itself. */
export type PostgresUser = { readonly uid: number; readonly gid: number };

export type Place = {
  /** Holds the cluster and prepared binaries; real path, the user may enter it. */
  readonly directory: string;
  readonly clusterDir: string;
  readonly logFile: string;
  readonly user?: PostgresUser;
};

/** `nobody` on the systems we know. */
const nobody: PostgresUser = { uid: 65534, gid: 65534 };
/** sockaddr_un holds 104 to 108 bytes: unix(7). */
const maxSocketPathBytes = 100;
const pointerName = "postgres-directory.txt";

/** Decides the place of the cluster of `dataDir` and makes its directory. `outside` is where it goes when Postgres cannot enter `dataDir`. */
export async function choosePlace(dataDir: string, log: StoreLog, outside = "/var/lib/auxot"): Promise<Place> {
  const real = realpathSync(dataDir);
  const logFile = join(real, "postgres.log");
  if (process.getuid?.() !== 0) return { directory: real, clusterDir: join(real, "postgres"), logFile };

  const pointer = join(real, pointerName);
  const pointed = existsSync(pointer) ? readPointer(pointer) : undefined;
  const inside = placeAt(real, logFile);
  if (pointed !== undefined) {
    if (!existsSync(join(pointed, "postgres"))) {
      throw new Error(
        `The database of ${real} was kept in ${pointed}, and that is gone. ` +
          `Bring it back, or delete ${pointer} to begin with an empty database.`,
      );
    }
    return placeAt(realpathSync(pointed), logFile);
  }
  if (await makeEnterable(real, inside.user)) return inside;
  if (existsSync(inside.clusterDir)) {
    throw new Error(
      `The database in ${inside.clusterDir} belongs to user id ${inside.user?.uid}, who may not enter ${real}. ` +
        "Start Auxot as that user, or open the directories above it.",
    );
  }
  const directory = join(outside, createHash("sha256").update(real).digest("hex").slice(0, 16));
  for (const path of [outside, directory]) {
    // Not with mkdir's mode: root's umask may take away what Postgres needs.
    if ((await mkdir(path, { recursive: true })) !== undefined) await chmod(path, 0o755);
  }
  if (!canEnter(directory, nobody)) {
    throw new Error(
      `Postgres does not run as root, and the user it runs as (${nobody.uid}) may enter neither ${real} nor ${directory}. ` +
        "Set AUXOT_DATA_DIR to a directory everyone may enter, or start Auxot as an ordinary user.",
    );
  }
  log.warn(
    { directory, dataDir: real },
    `Only root may enter the data directory, so the database is kept in ${directory}. Back up both.`,
  );
  return placeAt(directory, logFile);
}

/** Call once the cluster is in place: a data directory that holds no cluster says where it is. */
export async function notePlace(dataDir: string, place: Place): Promise<void> {
  const real = realpathSync(dataDir);
  if (place.directory === real) return;
  await writeFile(join(real, pointerName), `The database of this directory is in:\n${place.directory}\n`);
}

/** A short directory only the Postgres user may enter: the socket asks for no password. The same one for the same place. */
export async function prepareSocketDir(place: Place): Promise<string> {
  const hash = createHash("sha256").update(place.clusterDir).digest("hex").slice(0, 16);
  const candidates = process.platform === "darwin" ? [tmpdir(), "/tmp"] : ["/tmp", tmpdir()];
  const parent = candidates.find((path) => existsSync(path) && fitsSocket(join(path, `auxot-${hash}`)));
  if (parent === undefined) throw new Error("There is no /tmp to put the database socket in.");
  const directory = join(parent, `auxot-${hash}`);
  const owner = place.user?.uid ?? process.getuid?.() ?? 0;
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    const found = lstatSync(directory);
    if (!found.isDirectory() || ![owner, process.getuid?.()].includes(found.uid)) {
      throw new Error(`${directory} should hold the database socket but belongs to user id ${found.uid}. Delete it.`, {
        cause,
      });
    }
  }
  await chmod(directory, 0o700);
  if (place.user !== undefined) await chown(directory, place.user.uid, place.user.gid);
  return directory;
}

/** Whether `user` may enter `directory`, asked of the system itself. */
export function canEnter(directory: string, user: PostgresUser | undefined): boolean {
  return tryAs(user, 'cd -- "$1"', directory);
}

export function canRead(file: string, user: PostgresUser | undefined): boolean {
  return tryAs(user, 'test -r "$1" && test -x "$1"', file);
}

function placeAt(directory: string, logFile: string): Place {
  const clusterDir = join(directory, "postgres");
  // A cluster made by an ordinary user stays theirs when root starts it.
  const owner = existsSync(clusterDir) ? statSync(clusterDir) : undefined;
  const user = owner === undefined || owner.uid === 0 ? nobody : { uid: owner.uid, gid: owner.gid };
  return { directory, clusterDir, logFile, user };
}

/** The data directory itself is ours to open for passing through; the ones above it are not. */
async function makeEnterable(directory: string, user: PostgresUser | undefined): Promise<boolean> {
  if (canEnter(directory, user)) return true;
  if (!canEnter(dirname(directory), user)) return false;
  await chmod(directory, (statSync(directory).mode & 0o777) | 0o011);
  return canEnter(directory, user);
}

function readPointer(file: string): string {
  return readFileSync(file, "utf8").split("\n")[1]?.trim() ?? "";
}

function fitsSocket(directory: string): boolean {
  return Buffer.byteLength(join(directory, ".s.PGSQL.5432.lock")) <= maxSocketPathBytes;
}

function tryAs(user: PostgresUser | undefined, script: string, path: string): boolean {
  if (user === undefined) return true;
  const result = spawnSync("/bin/sh", ["-c", script, "sh", path], { ...user, cwd: "/", stdio: "ignore" });
  return result.status === 0;
}
