#!/usr/bin/env node
// Starts the command line of Auxot: gives it the process's edges, and nothing else.

import { runCli } from "./cli.ts";
import { readEnvironment } from "./config.ts";

const environment = readEnvironment();
process.exitCode = await runCli(process.argv.slice(2), {
  environment,
  isColoured: process.stdout.isTTY && !environment.refusesColour,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  fetch: globalThis.fetch,
  now: Date.now,
  clock: () => performance.now(),
});
