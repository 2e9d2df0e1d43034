// How Claude Code is started: arguments and an environment built from nothing. Nothing of a request is in either: it comes
// over stdin and in the session file, so a process can be started before its request is there.

import path from "node:path";
import type { Account } from "../adapter.ts";
import { toolServerName } from "./tool-server.ts";

export type LaunchOptions = {
  readonly model: string;
  readonly account: Account;
  /** The agent's own tools that it may use. */
  readonly allowedTools: readonly string[];
  /** Passed on as they are: PATH, locale, proxies. Never a secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long a call of the caller's tools may stay open. */
  readonly parkTimeoutMs: number;
};

/** Paths inside the scratch directory of one process. */
export type Scratch = {
  readonly directory: string;
  readonly home: string;
  readonly work: string;
  readonly temporary: string;
  readonly sessionFile: string;
};

export function planScratch(directory: string): Scratch {
  return {
    directory,
    home: path.join(directory, "home"),
    work: path.join(directory, "work"),
    temporary: path.join(directory, "tmp"),
    sessionFile: path.join(directory, "session.jsonl"),
  };
}

export function buildArguments({ model, allowedTools }: LaunchOptions, scratch: Scratch): string[] {
  const rules = [`mcp__${toolServerName}`, ...allowedTools];
  return [
    "--print",
    "--input-format=stream-json",
    "--output-format=stream-json",
    "--verbose",
    "--include-partial-messages",
    `--model=${model}`,
    `--tools=${allowedTools.join(",")}`,
    `--allowedTools=${rules.join(",")}`,
    // What is not allowed above is refused: nobody is there to ask.
    "--permission-mode=dontAsk",
    "--strict-mcp-config",
    // Known from the start: one that is named only in its setup is connected beside the first turn, often too late for it.
    `--mcp-config=${JSON.stringify({ mcpServers: { [toolServerName]: { type: "sdk", name: toolServerName } } })}`,
    "--setting-sources=",
    "--disable-slash-commands",
    "--thinking-display=summarized",
    `--resume=${scratch.sessionFile}`,
    // Waits for its system prompt, tools and settings, and reads the session file only then.
    "--await-initialize",
    "--initialize-fields=settings",
  ];
}

/** Without the credential: see credential.ts. */
export function buildEnvironment(options: LaunchOptions, scratch: Scratch): Record<string, string> {
  const { account, environment } = options;
  // Without a subscription Claude Code can do without notes of its own on date, machine and git in the conversation.
  const isPlain = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"].some((name) => name in account.environment);
  return {
    ...environment,
    HOME: scratch.home,
    TMPDIR: scratch.temporary,
    CLAUDE_CODE_TMPDIR: scratch.temporary,
    CLAUDE_CONFIG_DIR: account.configDirectory ?? path.join(scratch.home, ".claude"),
    CLAUDE_CODE_ENTRYPOINT: "sdk-ts",
    CLAUDE_CODE_RESUME_INTERRUPTED_TURN: "1",
    ...(isPlain ? { CLAUDE_CODE_SIMPLE: "1" } : {}),
    // Quiet.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_ERROR_REPORTING: "1",
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: "1",
    CLAUDE_CODE_DISABLE_CLAUDE_MDS: "1",
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
    CLAUDE_CODE_DISABLE_CRON: "1",
    CLAUDE_CODE_TOTAL_TOKENS_REMINDER: "0",
    CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: "1",
    DISABLE_AUTO_COMPACT: "1",
    CLAUDE_CODE_MAX_RETRIES: "2",
    // A key in a file is read once: see credential.ts.
    CLAUDE_CODE_API_KEY_HELPER_TTL_MS: String(2 ** 31 - 1),
    // The caller's tools: their own names, whole descriptions, whole results, as much time as this worker waits.
    CLAUDE_AGENT_SDK_MCP_NO_PREFIX: "1",
    ENABLE_TOOL_SEARCH: "false",
    CLAUDE_CODE_MAX_MCP_DESCRIPTION_LENGTH: "1000000",
    MAX_MCP_OUTPUT_TOKENS: "1000000000",
    MCP_TOOL_TIMEOUT: String(options.parkTimeoutMs + 60_000),
    CLAUDE_CODE_MCP_TOOL_IDLE_TIMEOUT: String(options.parkTimeoutMs + 60_000),
    CLAUDE_CODE_DISABLE_MCP_TASK_BACKGROUND: "1",
  };
}
