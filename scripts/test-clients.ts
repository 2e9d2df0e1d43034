// `npm run test:clients`: Claude Code and Codex CLI from npm, unmodified, through the router (test/clients). Not a part of
// `npm test`: the first run fetches them from the npm registry, about 800 MB on disk, into node_modules/.cache.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { clientPackages, clientsFolder } from "../test/clients/client-programs.ts";

/** Written when everything is in its place. */
const stamp = path.join(clientsFolder, "installed.json");
const wanted = JSON.stringify({ private: true, dependencies: clientPackages });

function installClients(): void {
  const names = Object.entries(clientPackages).map(([name, version]) => `${name}@${version}`);
  process.stdout.write(`Fetching ${names.join(" and ")} …\n`);
  mkdirSync(clientsFolder, { recursive: true });
  writeFileSync(path.join(clientsFolder, "package.json"), wanted);
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  const inFolder = { cwd: clientsFolder, stdio: "inherit" } as const;
  execFileSync("npm", ["install", ...options], inFolder);
  // The one install script that is needed: it puts Claude Code's program into its place.
  execFileSync(process.execPath, ["node_modules/@anthropic-ai/claude-code/install.cjs"], inFolder);
  writeFileSync(stamp, wanted);
}

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) installClients();
const tests = spawn(
  process.execPath,
  [path.join(import.meta.dirname, "test.ts"), "test/clients/*.test.ts", ...process.argv.slice(2)],
  { cwd: path.join(import.meta.dirname, ".."), stdio: "inherit" },
);
process.on("SIGINT", () => {});
process.on("SIGTERM", () => tests.kill("SIGTERM"));
tests.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
