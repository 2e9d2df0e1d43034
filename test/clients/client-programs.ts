// The coding agents of these tests: which versions, where they are installed, and how one is run as a real process with a
// home and a folder of its own. They come from npm with `npm run test:clients` and are no dependency of the project.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { repository } from "../harness/program.ts";
import { makeDirectory, type TestRouter } from "../harness/stack.ts";
import { within } from "../harness/until.ts";

/** The only place that names them. */
export const clientPackages = {
  "@anthropic-ai/claude-code": "2.1.330",
  "@openai/codex": "0.169.0",
} as const;

export const clientsFolder = path.join(repository, "node_modules", ".cache", "clients");

export type ClientName = "claude" | "codex";

export type ClientOptions = {
  readonly router: TestRouter;
  readonly model: string;
  readonly prompt: string;
  /** Files of the folder the client works in. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
};

export type ClientRun = AsyncDisposable & {
  /** The folder it works in. */
  readonly folder: string;
  /** Its report, one JSON event a line; what it has written so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly exited: Promise<number | null>;
  /** Ctrl-C. */
  interrupt(): void;
};

const runLimitMs = 45_000;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});

const commands: Readonly<Record<ClientName, (prompt: string) => readonly string[]>> = {
  // Without someone to ask, tools that are not allowed here are refused.
  claude: (prompt) =>
    ["-p", prompt, "--output-format", "stream-json", "--verbose"].concat([
      "--permission-mode",
      "acceptEdits",
      "--allowedTools",
      "Read,Write",
    ]),
  // Its own sandbox needs namespaces that containers seldom grant; the folder is all there is to spoil.
  codex: (prompt) => ["exec", "--json", "--skip-git-repo-check", "--sandbox", "danger-full-access", prompt],
};

/** Starts the client, unmodified, as its guide says (docs/guide/clients.md). Disposing ends it and removes its folder. */
export async function startClient(name: ClientName, options: ClientOptions): Promise<ClientRun> {
  const program = path.join(clientsFolder, "node_modules", ".bin", name);
  if (!existsSync(program)) throw new Error("The clients are not installed: run `npm run test:clients`.");
  const directory = await makeDirectory();
  const [home, folder] = [path.join(directory.path, "home"), path.join(directory.path, "work")];
  await mkdir(path.join(home, ".codex"), { recursive: true });
  await mkdir(folder);
  for (const [file, text] of Object.entries(options.files ?? {})) await writeFile(path.join(folder, file), text);
  await writeFile(path.join(home, ".codex", "config.toml"), writeCodexConfig(options));
  const child = spawn(program, commands[name](options.prompt), {
    cwd: folder,
    // A group of its own, which gets its signals as a terminal sends them.
    detached: true,
    env: { ...createEnvironment(options, home), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (out += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (err += piece));
  running.add(child);
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    folder,
    out: () => out,
    err: () => err,
    exited: within(runLimitMs, `${name} ended`, exited).catch((error: unknown) => {
      throw new Error(`${String(error)}\nstdout: ${out}\nstderr: ${err}`);
    }),
    interrupt: () => signalGroup(child, "SIGINT"),
    async [Symbol.asyncDispose]() {
      signalGroup(child, "SIGKILL");
      await exited;
      running.delete(child);
      await directory[Symbol.asyncDispose]();
    },
  };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // All of it has ended.
  }
}

/** What the person who runs the tests has set up for the clients must not count here. */
function createEnvironment({ router, model }: ClientOptions, home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    // Claude Code.
    ANTHROPIC_BASE_URL: router.url,
    ANTHROPIC_AUTH_TOKEN: router.key,
    ANTHROPIC_MODEL: model,
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
    CLAUDE_CONFIG_DIR: path.join(home, ".claude"),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_ERROR_REPORTING: "1",
    DISABLE_TELEMETRY: "1",
    // Codex.
    AUXOT_KEY: router.key,
    CODEX_HOME: path.join(home, ".codex"),
  };
}

function writeCodexConfig({ router, model }: ClientOptions): string {
  return `model = "${model}"
model_provider = "auxot"
check_for_update_on_startup = false

[model_providers.auxot]
name = "Auxot"
base_url = "${router.url}/v1"
env_key = "AUXOT_KEY"
wire_api = "responses"

[analytics]
enabled = false
`;
}
