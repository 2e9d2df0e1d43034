// The command line of `auxot-worker cli` and `auxot-worker cli doctor`.

import os from "node:os";
import path from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Account } from "../cli/adapter.ts";
import type { CliModel } from "../cli/cli-engine.ts";
import { sandboxChoices, type SandboxChoice } from "../cli/sandbox.ts";
import { logLevels, type LogLevel } from "../log.ts";
import { readAccounts } from "./read-accounts.ts";
import {
  connectionHelp,
  connectionOptions,
  notEmpty,
  readChoice,
  readConnection,
  readNumber,
  type ConnectionConfig,
  type Environment,
  type Report,
} from "./read-options.ts";

const adapterChoices = ["auto", "sdk", "raw"] as const;

/** How the agent is run, whoever asks. */
export type AgentConfig = {
  /** A path, or a name that is looked up in PATH. */
  readonly executable: string;
  readonly adapter: (typeof adapterChoices)[number];
  /** The folder of the Agent SDK. Absent: where Node finds it. */
  readonly agentSdk?: string;
  /** At least one. */
  readonly models: readonly CliModel[];
  /** At least one. */
  readonly accounts: readonly Account[];
  readonly allowedTools: readonly string[];
  readonly sandbox: SandboxChoice;
  /** For the agent: what it needs of ours, no secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly parkTimeoutMs: number;
};

/** All a CLI worker is told. */
export type CliConfig = ConnectionConfig & {
  readonly agent: AgentConfig;
  readonly slots: number;
  readonly warm: number;
  readonly maxProcesses: number;
  readonly maxMemoryBytes: number;
  readonly drainTimeoutMs: number;
  readonly logLevel: LogLevel;
};

/** What the command line asks for; `problems` are all of them, in plain words. */
export type CliCommand =
  | { readonly kind: "cli"; readonly config: CliConfig }
  | { readonly kind: "cli-doctor"; readonly agent: AgentConfig }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

const cliHelp = `auxot-worker cli answers requests of an Auxot router with Claude Code on this machine.

Usage: auxot-worker cli --router URL --key axw_... [options]
       auxot-worker cli doctor [options]     looks whether it would work, and asks one question with each account;
                                             exit code 0: all answer, 1: one does not, 2: it could not be tried

${connectionHelp}

The agent:
  --model MODEL         as Claude Code names it; may be given several times (default: opus, sonnet and haiku);
                        offered as claude-code/MODEL
  --alias NAME=MODEL    another name for one of them; may be given several times
  --claude PATH         Claude Code's program (default: claude)          [AUXOT_CLAUDE]
  --adapter KIND        ${adapterChoices.join(", ")}: by the vendor's Agent SDK or by the program's own protocol
                        (default: auto, the SDK where it is installed)
  --agent-sdk FOLDER    the folder of @anthropic-ai/claude-agent-sdk
  --account NAME=WHERE  who pays; may be given several times. WHERE is a directory with a login (as
                        CLAUDE_CONFIG_DIR) or the name of a variable that holds a token or key
                        (default: ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, ANTHROPIC_AUTH_TOKEN
                        or the login in ~/.claude)
  --allow-tool NAME     one of Claude Code's own tools that it may use, e.g. WebSearch; may be given several
                        times (default: none)
  --sandbox KIND        ${sandboxChoices.join(", ")} (default: auto, bubblewrap where it works)
  --pass-env NAME       a variable that Claude Code gets too; may be given several times

Limits:
  --slots N             answers at once, for each model (default: 4)
  --warm N              processes started ahead, for each model in use (default: 1)
  --max-processes N     processes of all kinds together (default: 24)
  --max-memory MB       memory of all of them together (default: half of this machine's)
  --park-timeout SEC    how long a process waits for the results of its tool calls, or for the next
                        message of its conversation (default: 300)

Other:
  --drain-timeout SEC   how long running answers may take at the end (default: 30)
  --log-level LEVEL     ${logLevels.join(", ")} (default: info)
  --help
`;

const cliOptions = {
  ...connectionOptions,
  model: { type: "string", multiple: true },
  alias: { type: "string", multiple: true },
  claude: { type: "string" },
  adapter: { type: "string" },
  "agent-sdk": { type: "string" },
  account: { type: "string", multiple: true },
  "allow-tool": { type: "string", multiple: true },
  sandbox: { type: "string" },
  "pass-env": { type: "string", multiple: true },
  slots: { type: "string" },
  warm: { type: "string" },
  "max-processes": { type: "string" },
  "max-memory": { type: "string" },
  "park-timeout": { type: "string" },
  "drain-timeout": { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsConfig["options"];

type Values = ReturnType<typeof parseArgs<{ options: typeof cliOptions }>>["values"];

/** `arguments_` after the word cli. */
export function readCliCommand(arguments_: readonly string[], environment: Environment): CliCommand {
  const isDoctor = arguments_[0] === "doctor";
  let values: Values;
  try {
    ({ values } = parseArgs({ args: arguments_.slice(isDoctor ? 1 : 0), options: cliOptions }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "problems", problems: [`${message}\n\`auxot-worker cli --help\` lists the options.`] };
  }
  if (values.help === true) return { kind: "text", text: cliHelp };
  const problems: string[] = [];
  const report: Report = (problem) => void problems.push(problem);
  const command: CliCommand = isDoctor
    ? { kind: "cli-doctor", agent: readAgent(values, environment, report) }
    : { kind: "cli", config: readCliConfig(values, environment, report) };
  return problems.length > 0 ? { kind: "problems", problems } : command;
}

function readCliConfig(values: Values, environment: Environment, report: Report): CliConfig {
  const halfMegabytes = Math.floor(os.totalmem() / 2 / 1024 / 1024);
  const megabytes = readNumber("--max-memory", values["max-memory"], 256, 10_000_000, report) ?? halfMegabytes;
  return {
    ...readConnection(values, environment, report),
    agent: readAgent(values, environment, report),
    slots: readNumber("--slots", values.slots, 1, 1024, report) ?? 4,
    warm: readNumber("--warm", values.warm, 0, 64, report) ?? 1,
    maxProcesses: readNumber("--max-processes", values["max-processes"], 1, 4096, report) ?? 24,
    maxMemoryBytes: megabytes * 1024 * 1024,
    drainTimeoutMs: (readNumber("--drain-timeout", values["drain-timeout"], 0, 86_400, report) ?? 30) * 1000,
    logLevel: readChoice("--log-level", values["log-level"], logLevels, "info", report),
  };
}

function readAgent(values: Values, environment: Environment, report: Report): AgentConfig {
  const executable = notEmpty(values.claude) ?? notEmpty(environment["AUXOT_CLAUDE"]) ?? "claude";
  return {
    executable: executable.includes(path.sep) ? path.resolve(executable) : executable,
    adapter: readChoice("--adapter", values.adapter, adapterChoices, "auto", report),
    ...(values["agent-sdk"] === undefined ? {} : { agentSdk: path.resolve(values["agent-sdk"]) }),
    models: readModels(values, report),
    accounts: readAccounts(values.account ?? [], environment, report),
    allowedTools: readTools(values["allow-tool"] ?? [], report),
    sandbox: readChoice("--sandbox", values.sandbox, sandboxChoices, "auto", report),
    environment: readPassed(values["pass-env"] ?? [], environment, report),
    parkTimeoutMs: (readNumber("--park-timeout", values["park-timeout"], 0, 86_400, report) ?? 300) * 1000,
  };
}

function readModels(values: Values, report: Report): CliModel[] {
  const names = values.model ?? ["opus", "sonnet", "haiku"];
  for (const name of names) {
    if (!/^[\w.[\]:@-]{1,150}$/.test(name)) report(`--model ${name} is no name of a model, such as sonnet.`);
  }
  const aliases = (values.alias ?? []).map((text) => {
    const at = text.indexOf("=");
    const [alias, model] = [text.slice(0, at), text.slice(at + 1)];
    if (at < 1 || !names.includes(model))
      report(`--alias ${text} should be NAME=MODEL with one of ${names.join(", ")}.`);
    return { alias, model };
  });
  return [...new Set(names)].map((name) => ({
    id: `claude-code/${name}`,
    name,
    aliases: aliases.filter(({ model }) => model === name).map(({ alias }) => alias),
  }));
}

function readTools(names: readonly string[], report: Report): readonly string[] {
  for (const name of names) {
    if (!/^[A-Z]\w*$/.test(name)) report(`--allow-tool ${name} is no tool of Claude Code, such as WebSearch.`);
  }
  return names;
}

const passedNames =
  /^(?:PATH|LANG|LC_\w+|TZ|(?:https?|no|all)_proxy|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|ANTHROPIC_BASE_URL|SYSTEMROOT|COMSPEC|PATHEXT|WINDIR)$/i;

function readPassed(names: readonly string[], environment: Environment, report: Report): Record<string, string> {
  for (const name of names) {
    if (name.startsWith("AUXOT_")) report(`--pass-env ${name}: what is meant for the worker stays with it.`);
    else if (environment[name] === undefined) report(`--pass-env ${name}: there is no such variable.`);
  }
  const passed = Object.entries(environment).filter(([name]) => passedNames.test(name) || names.includes(name));
  return Object.fromEntries(passed.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
