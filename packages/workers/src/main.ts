#!/usr/bin/env node
// The auxot-worker process: command line, signals, exit codes (0 done, 1 failed, 2 wrong options, 3 key refused).

import { AppError, errorCodes } from "@auxot/wire/errors";
import { startGpuWorker, type RunningWorker } from "./compose.ts";
import type { AgentConfig } from "./command-line/cli-command.ts";
import { examineAgent, startCliWorker } from "./compose-cli.ts";
import { readCommand } from "./config.ts";
import { createLog, type Log, type LogLevel } from "./log.ts";

const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

function write(text: string): void {
  process.stderr.write(text);
}

const isTerminal = process.stderr.isTTY;

async function runWorker(level: LogLevel, start: (log: Log) => Promise<RunningWorker>): Promise<number> {
  const log = createLog({ level, isTerminal, write, now: () => new Date() });
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
  return withReasons(log.error, async () => {
    const worker = await start(log);
    ({ drain } = worker);
    const end = await worker.ended;
    if (end.kind === "closed") return exitCodes.done;
    log.error(end.message);
    return exitCodes.refused;
  });
}

/** What the operator asked for is at fault when its code says so: trying again would not help. */
async function withReasons(tell: (message: string) => void, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    tell(error.message);
    return errorCodes[error.code].status < 500 ? exitCodes.usage : exitCodes.failed;
  }
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function examine(agent: AgentConfig): Promise<number> {
  return withReasons(
    (message) => writeLine(`✖ ${message}`),
    async () => ((await examineAgent(agent, writeLine)) ? exitCodes.done : exitCodes.failed),
  );
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
  case "gpu": {
    const { config } = command;
    process.exit(
      await runWorker(config.logLevel, (log) => startGpuWorker(config, log, isTerminal ? write : undefined)),
    );
    break;
  }
  case "cli": {
    const { config } = command;
    process.exit(await runWorker(config.logLevel, (log) => startCliWorker(config, log)));
    break;
  }
  case "cli-doctor":
    process.exit(await examine(command.agent));
}
