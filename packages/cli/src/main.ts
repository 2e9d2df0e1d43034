#!/usr/bin/env node
// Starts the command line of Auxot: gives it the process's edges, and nothing else.

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
  isColoured: process.stdout.isTTY && !environment.refusesColour,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  fetch: globalThis.fetch,
  now: Date.now,
  clock: () => performance.now(),
});
