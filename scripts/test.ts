// Runs tests and prints node's own report. Without file arguments: all. The unit tests share one process, every other
// file has its own, two at a time. Arguments that start with "-" go to node (`npm test -- --test-name-pattern=drain`).

import { spawn } from "node:child_process";
import { globSync } from "node:fs";

const testTimeoutMs = 60_000;
/** A file that leaves something open never ends. Node then names what was still running. */
const wholeTimeoutMs = 13 * 60_000;

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("-"));
const named = args.filter((arg) => !arg.startsWith("-"));
const files = named.length > 0 ? named.flatMap(expandPattern) : listAllTests();

// Not --test-force-exit: it leaves out, in silence, tests that are registered after an await.
const child = spawn(
  process.execPath,
  [
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=2",
    `--test-timeout=${testTimeoutMs}`,
    ...options,
    "--",
    ...files,
  ],
  { stdio: "inherit" },
);
const limit = setTimeout(() => {
  process.stderr.write(`The tests are stopped: they took more than ${wholeTimeoutMs / 60_000} minutes.\n`);
  child.kill("SIGINT");
}, wholeTimeoutMs);
// A Ctrl-C of the terminal reaches node too, and it prints what was running.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => {
  clearTimeout(limit);
  process.exitCode = code ?? 1;
});

function listAllTests(): string[] {
  // These need programs that are no dependency: `npm run test:clients`, `test:cli`, `test:browser`.
  const found = globSync(["packages/*/test/**/*.test.ts", "test/**/*.test.ts"], {
    exclude: ["test/clients/**", "test/cli/**", "test/browser/**"],
  });
  return ["scripts/unit-tests.ts", ...found.toSorted()];
}

function expandPattern(pattern: string): string[] {
  const found = globSync(pattern).toSorted();
  if (found.length > 0) return found;
  process.stderr.write(`No test file matches "${pattern}".\n`);
  process.exit(1);
}
