// Starts the CLI engine over the fake Claude Code. Asserts nothing.

import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Account } from "../../src/cli/adapter.ts";
import { createClaudeAdapter } from "../../src/cli/claude/claude-adapter.ts";
import { connectRaw } from "../../src/cli/claude/raw-link.ts";
import type { ConnectClaude } from "../../src/cli/claude/claude-link.ts";
import { createCliEngine, type CliEngineOptions } from "../../src/cli/cli-engine.ts";
import { usualBytes } from "../../src/cli/memory.ts";
import { openSandbox, type Sandbox } from "../../src/cli/sandbox.ts";
import type { Engine } from "../../src/engine.ts";
import { createTemporaryDirectory, testLog } from "../engine-harness.ts";
import { writeFakeClaude } from "./fake-program.ts";

export const keyAccount: Account = { name: "key", environment: { ANTHROPIC_API_KEY: "sk-ant-api03-the-secret" } };

export type CliTestOptions = Partial<CliEngineOptions> & {
  readonly allowedTools?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly connect?: ConnectClaude;
  readonly sandbox?: Sandbox;
};

export type CliTest = AsyncDisposable & {
  readonly engine: Engine;
  readonly scratchRoot: string;
  /** Process ids of the fakes started so far, in their order. */
  started(): readonly number[];
};

const noSandbox = openSandbox("off");

/** Nothing is warm unless the test says so. */
export function startCliTest(options: CliTestOptions = {}): CliTest {
  const directory = createTemporaryDirectory();
  const scratchRoot = path.join(directory, "scratch");
  const logFile = path.join(directory, "started");
  mkdirSync(scratchRoot);
  if (noSandbox === undefined) throw new Error("There is always a way without a sandbox.");
  const adapter = createClaudeAdapter({
    name: "Claude Code (fake)",
    executable: writeFakeClaude(directory),
    connect: options.connect ?? connectRaw,
    sandbox: options.sandbox ?? noSandbox,
    scratchRoot,
    allowedTools: options.allowedTools ?? [],
    environment: { PATH: process.env["PATH"] ?? "", FAKE_CLAUDE_LOG: logFile, ...options.environment },
    parkTimeoutMs: options.parkTimeoutMs ?? 60_000,
    now: () => new Date(),
  });
  const engine = createCliEngine({
    adapter,
    models: [{ id: "claude-code/sonnet", name: "sonnet", aliases: ["smart"] }],
    accounts: [keyAccount],
    slots: 4,
    warm: 0,
    maxProcesses: 16,
    maxMemoryBytes: 100 * usualBytes,
    measureMemory: () => usualBytes,
    parkTimeoutMs: 60_000,
    maxParked: 4,
    now: Date.now,
    log: testLog,
    ...options,
  });
  return {
    engine,
    scratchRoot,
    started: () => readFileSync(logFile, "utf8").trim().split("\n").map(Number),
    [Symbol.asyncDispose]: () => engine.close(),
  };
}
