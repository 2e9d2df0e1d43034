// Wires a CLI worker together: agent, engine, link.

import { accessSync, constants, realpathSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { AppError } from "@auxot/wire/errors";
import type { CliAdapter } from "./cli/adapter.ts";
import { createClaudeAdapter } from "./cli/claude/claude-adapter.ts";
import type { ConnectClaude } from "./cli/claude/claude-link.ts";
import { connectRaw } from "./cli/claude/raw-link.ts";
import { createSdkConnect, loadAgentSdk } from "./cli/claude/sdk-link.ts";
import { createCliEngine } from "./cli/cli-engine.ts";
import { examine } from "./cli/doctor.ts";
import { measureMemory } from "./cli/memory.ts";
import { openSandbox, type Sandbox } from "./cli/sandbox.ts";
import { openScratch } from "./cli/scratch.ts";
import type { AgentConfig, CliConfig } from "./command-line/cli-command.ts";
import { readVersion, type RunningWorker } from "./compose.ts";
import { detectHardware } from "./gpu/hardware.ts";
import type { Log } from "./log.ts";
import { startWorker } from "./worker.ts";

/** Connects. Throws `AppError` when the agent is not there. */
export async function startCliWorker(config: CliConfig, log: Log): Promise<RunningWorker> {
  const hardware = await detectHardware();
  const agent = await openAgent(config.agent);
  log.info("answering with Claude Code", {
    adapter: agent.adapter.name,
    program: agent.executable,
    sandbox: agent.sandbox.kind,
    accounts: config.agent.accounts.map(({ name }) => name).join(", "),
  });
  const engine = createCliEngine({
    ...config,
    adapter: agent.adapter,
    models: config.agent.models,
    accounts: config.agent.accounts,
    parkTimeoutMs: config.agent.parkTimeoutMs,
    maxParked: Math.ceil(config.maxProcesses / 2),
    measureMemory,
    now: Date.now,
    log,
  });
  const worker = startWorker({
    engine,
    kind: "cli",
    name: config.name,
    version: readVersion(),
    hardware,
    url: config.routerUrl,
    key: config.key,
    log,
  });
  return {
    ended: worker.ended.finally(async () => {
      await engine.close();
      agent.close();
    }),
    drain: () => worker.drain(config.drainTimeoutMs),
  };
}

/** The doctor's look at it; true when all is well. Throws as `startCliWorker`. */
export async function examineAgent(config: AgentConfig, write: (line: string) => void): Promise<boolean> {
  const agent = await openAgent(config);
  try {
    return await examine({
      ...agent,
      sandbox: agent.sandbox.kind,
      accounts: config.accounts,
      model: config.models.at(-1)?.name ?? "haiku",
      environment: config.environment,
      write,
      now: Date.now,
    });
  } finally {
    agent.close();
  }
}

/** An agent that is there to be used. */
export type OpenAgent = {
  readonly adapter: CliAdapter;
  /** Where the program really is. */
  readonly executable: string;
  readonly sandbox: Sandbox;
  /** Removes what its processes left. */
  close(): void;
};

/** Throws `AppError` when the program or the sandbox that was asked for is not there. */
export async function openAgent(config: AgentConfig): Promise<OpenAgent> {
  const executable = findProgram(config.executable, config.environment["PATH"] ?? "");
  const sandbox = openSandbox(config.sandbox);
  if (sandbox === undefined) {
    const message = "bubblewrap (bwrap) does not work here; install it, or start with --sandbox off.";
    throw new AppError("invalid_request", message);
  }
  const { name, connect } = await chooseLink(config);
  const scratch = openScratch(os.tmpdir());
  const adapter = createClaudeAdapter({
    name,
    executable,
    connect,
    sandbox,
    scratchRoot: scratch.path,
    allowedTools: config.allowedTools,
    environment: config.environment,
    parkTimeoutMs: config.parkTimeoutMs,
    now: () => new Date(),
  });
  return {
    adapter,
    executable,
    sandbox,
    close: scratch.remove,
  };
}

async function chooseLink({ adapter, agentSdk }: AgentConfig): Promise<{ name: string; connect: ConnectClaude }> {
  const raw = { name: "Claude Code (stream-json)", connect: connectRaw };
  if (adapter === "raw") return raw;
  const sdk = await loadAgentSdk(agentSdk);
  if (sdk !== undefined) return { name: "Claude Code (Agent SDK)", connect: createSdkConnect(sdk) };
  if (adapter === "auto" && agentSdk === undefined) return raw;
  const how = "npm install --no-save --omit=optional @anthropic-ai/claude-agent-sdk, or --agent-sdk FOLDER";
  throw new AppError("invalid_request", `The Agent SDK cannot be loaded. Install it: ${how}.`);
}

function findProgram(name: string, searchPath: string): string {
  const candidates = path.isAbsolute(name)
    ? [name]
    : searchPath.split(path.delimiter).map((directory) => path.join(directory, name));
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK);
      return realpathSync(candidate);
    } catch {
      // Perhaps in the next directory.
    }
  }
  const how = "npm install -g @anthropic-ai/claude-code, or --claude PATH.";
  throw new AppError("invalid_request", `There is no program ${name}. Install Claude Code: ${how}`);
}
