// Tests that need programs from the npm registry which are no dependency of the project: fetches these once, into
// node_modules/.cache, and runs the tests.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export type Fetched = {
  readonly folder: string;
  /** Exact versions. */
  readonly packages: Readonly<Record<string, string>>;
  /** Leaves optional dependencies out. */
  readonly withoutOptional?: boolean;
  /** The one install script that is needed, as a path in the folder: no other runs. */
  readonly installScript?: string;
};

/** Does nothing when it is all there already. Throws when npm fails. */
export function fetchPackages({ folder, packages, withoutOptional, installScript }: Fetched): void {
  // Written when everything is in its place.
  const stamp = path.join(folder, "installed.json");
  const wanted = JSON.stringify({ private: true, dependencies: packages });
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const names = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  process.stdout.write(`Fetching ${names.join(" and ")} …\n`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), wanted);
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  if (withoutOptional === true) options.push("--omit=optional");
  const inFolder = { cwd: folder, stdio: "inherit" } as const;
  execFileSync("npm", ["install", ...options], inFolder);
  if (installScript !== undefined) execFileSync(process.execPath, [installScript], inFolder);
  writeFileSync(stamp, wanted);
}

/** Passes the command line on; the exit code of the process becomes that of the tests. */
export function runTests(pattern: string): void {
  const args = [path.join(import.meta.dirname, "test.ts"), pattern, ...process.argv.slice(2)];
  const tests = spawn(process.execPath, args, { cwd: path.join(import.meta.dirname, ".."), stdio: "inherit" });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => tests.kill("SIGTERM"));
  tests.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
