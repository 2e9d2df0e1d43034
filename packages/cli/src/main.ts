#!/usr/bin/env node
// Starts the command line of Auxot: gives it the process's edges, and nothing else.

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { runCli } from "./cli.ts";
import { readEnvironment } from "./config.ts";

const environment = readEnvironment();
// Whoever read our output may have seen enough: `auxot keys list | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.exitCode = await runCli(process.argv.slice(2), {
  environment,
  ...(process.stdout.isTTY && process.stdout.columns > 0 ? { columns: process.stdout.columns } : {}),
  isColoured: process.stdout.isTTY && !environment.refusesColour,
  out: (written) => void process.stdout.write(written),
  err: (written) => void process.stderr.write(written),
  fetch: globalThis.fetch,
  ...(process.stdin.isTTY && process.stderr.isTTY ? { confirm } : {}),
  readFile: (path) => (path === "-" ? text(process.stdin) : readFile(path, "utf8")),
  now: Date.now,
  clock: () => performance.now(),
});

/** Everything but a yes is a no, the end of the input too. */
async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
