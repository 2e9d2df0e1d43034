// `npm start`: the router and beside it a worker, both from this checkout. `--watch` (`npm run dev`) restarts each on change.

import path from "node:path";
import { parseArgs } from "node:util";
import { createLauncher } from "./launcher.ts";

const help = `npm start -- [options]

Starts the router and, beside it, a GPU worker. Ctrl-C lets running requests finish; a second Ctrl-C does not.

  --model FILE        a GGUF file, an https address or hf:owner/repository/file.gguf (default: a built-in demo model);
                      may be given more than once
  --alias NAME        another name for the model; may be given more than once
  --slots N           requests the worker runs at once
  --context N         tokens of context for each slot
  --threads N         processor threads
  --gpu KIND          auto, off, cuda, vulkan or metal
  --models-dir DIR    where downloaded models are kept
  --engine KIND       embedded (default) or url
  --engine-url URL    an OpenAI-compatible server on this machine, with --engine url
  --no-worker         the router alone
  --watch             start again when a source file changes (npm run dev)
  --help              this page

The router is set up by the environment: AUXOT_PORT (8080), AUXOT_HOST (127.0.0.1), AUXOT_DATA_DIR, AUXOT_CONFIG and more,
see docs/guide/configuration.md.
`;

/** Passed on to the worker as they are. */
const workerFlags = [
  "model",
  "alias",
  "slots",
  "context",
  "threads",
  "gpu",
  "engine",
  "engine-url",
  "models-dir",
] as const;

/** npm hands the terminal's Ctrl-C on, so that one key press arrives twice. */
const samePressMs = 500;

const root = path.join(import.meta.dirname, "..");
const options = readArguments(process.argv.slice(2));
if (options.help) process.stdout.write(help);
else await run(options);

type StartOptions = {
  readonly help: boolean;
  readonly watch: boolean;
  readonly withWorker: boolean;
  readonly workerArgs: readonly string[];
};

function readArguments(args: readonly string[]): StartOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(workerFlags.map((flag) => [flag, { type: "string", multiple: true } as const])),
        "no-worker": { type: "boolean", default: false },
        watch: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const given = values as Readonly<Record<string, readonly string[] | boolean | undefined>>;
    const workerArgs = workerFlags.flatMap((flag) => {
      const texts = given[flag];
      return Array.isArray(texts) ? texts.map((text: string) => `--${flag}=${text}`) : [];
    });
    const withWorker = given["no-worker"] !== true;
    if (!withWorker && workerArgs.length > 0)
      throw new Error(`${workerArgs[0]} is for the worker, but --no-worker starts none.`);
    return { help: given["help"] === true, watch: given["watch"] === true, withWorker, workerArgs };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${reason}\n\`npm start -- --help\` lists the options.\n`);
    return process.exit(2);
  }
}

async function run({ watch, withWorker, workerArgs }: StartOptions): Promise<void> {
  const watchArgs = watch ? ["--watch", "--watch-preserve-output"] : [];
  const serverEntry = path.join(root, "packages/server/src/main.ts");
  const workerEntry = path.join(root, "packages/workers/src/main.ts");
  const launcher = createLauncher({
    server: [...watchArgs, serverEntry, ...(withWorker ? ["--expect-worker"] : [])],
    ...(withWorker ? { worker: [...watchArgs, workerEntry, "gpu", ...workerArgs] } : {}),
    env: process.env,
    say: (line) => process.stderr.write(`${line}\n`),
    restartDelayMs: (failures) => Math.min(1000 * 2 ** (failures - 1), 30_000),
    goodStartMs: 60_000,
  });

  let lastSignalAt = Number.NEGATIVE_INFINITY;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const isSamePress = performance.now() - lastSignalAt < samePressMs;
      lastSignalAt = performance.now();
      if (!isSamePress) launcher.stop();
    });
  }
  process.exitCode = await launcher.done;
}
