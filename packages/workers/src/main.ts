#!/usr/bin/env node
// The auxot-worker process: command line, signals, exit codes (0 done, 1 failed, 2 wrong options, 3 key refused).

import { AppError, errorCodes } from "@auxot/wire/errors";
import { startGpuWorker } from "./compose.ts";
import { readCommand, type GpuConfig } from "./config.ts";
import { createLog } from "./log.ts";

const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

function write(text: string): void {
  process.stderr.write(text);
}

async function runGpu(config: GpuConfig): Promise<number> {
  const isTerminal = process.stderr.isTTY;
  const log = createLog({ level: config.logLevel, isTerminal, write, now: () => new Date() });
  let drain: (() => Promise<void>) | undefined;
  let signals = 0;
  function onSignal(signal: NodeJS.Signals): void {
    // The second one, or one while models still load, means now.
    if (++signals > 1 || drain === undefined) process.exit(exitCodes.failed);
    log.info("stopping: running answers are finished first; once more to stop at once", { signal });
    void drain();
  }
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Started by `npm start`: a launcher that is gone, however it went, counts as its signal.
  if (process.send !== undefined) process.once("disconnect", () => onSignal("SIGTERM"));
  try {
    const worker = await startGpuWorker(config, log, isTerminal ? write : undefined);
    ({ drain } = worker);
    const end = await worker.ended;
    if (end.kind === "closed") return exitCodes.done;
    log.error(end.message);
    return exitCodes.refused;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.error(error.message);
    // What the operator asked for is at fault: trying again would not help.
    return errorCodes[error.code].status < 500 ? exitCodes.usage : exitCodes.failed;
  }
}

// A reader that is gone (a killed launcher, `| head`) must not take running answers with it.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const command = readCommand(process.argv.slice(2));
switch (command.kind) {
  case "text":
    process.stdout.write(command.text);
    break;
  case "problems":
    process.stderr.write(`${command.problems.join("\n")}\n`);
    process.exitCode = exitCodes.usage;
    break;
  case "gpu":
    process.exit(await runGpu(command.config));
}
