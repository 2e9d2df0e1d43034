// The command line of `auxot-worker gpu`.

import os from "node:os";
import path from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { gpuChoices, type GpuChoice } from "../gpu/embedded/child-messages.ts";
import { chooseThreads } from "../gpu/hardware.ts";
import { parseModelAddress, type ModelAddress } from "../gpu/models/model-address.ts";
import { logLevels, type LogLevel } from "../log.ts";
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

/** All a GPU worker is told. */
export type GpuConfig = ConnectionConfig & {
  readonly engine:
    | { readonly kind: "embedded"; readonly models: readonly ModelAddress[] }
    | {
        readonly kind: "url";
        readonly url: string;
        readonly key?: string;
        readonly models: readonly string[];
        readonly embeddingModels: readonly string[];
      };
  readonly aliases: readonly string[];
  readonly slots: number;
  readonly contextTokens?: number;
  readonly threads: number;
  readonly gpu: GpuChoice;
  readonly modelsDirectory: string;
  readonly drainTimeoutMs: number;
  readonly logLevel: LogLevel;
  readonly huggingFace: { readonly url: string; readonly token?: string };
  /** For child processes: the environment without our secrets. */
  readonly childEnvironment: Readonly<Record<string, string | undefined>>;
};

/** What the command line asks for; `problems` are all of them, in plain words. */
export type GpuCommand =
  | { readonly kind: "gpu"; readonly config: GpuConfig }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "problems"; readonly problems: readonly string[] };

const secretNames = new Set(["AUXOT_WORKER_KEY", "AUXOT_ENGINE_KEY", "HF_TOKEN"]);

const gpuHelp = `auxot-worker gpu runs models on this machine for an Auxot router.

Usage: auxot-worker gpu --router URL --key axw_... [options]

${connectionHelp}

Models:
  --model MODEL         may be given several times              [AUXOT_WORKER_MODEL, separated by commas]
                          FILE.gguf                 a file on this machine
                          https://HOST/FILE.gguf    downloaded once; #sha256=HEX is checked
                          hf:OWNER/REPO/FILE.gguf   from Hugging Face (HF_TOKEN, HF_ENDPOINT)
                          demo                      fixed replies, no download (the default)
                          demo-echo                 repeats the last message
                          demo-embed                makes embeddings
  --alias NAME          another name for the first model; may be given several times
  --models-dir DIR      where models are kept (default: ~/.cache/auxot/models)  [AUXOT_WORKER_MODELS_DIR]

Engine:
  --engine KIND         embedded (llama.cpp inside, the default) or url
  --engine-url URL      an OpenAI-compatible server: llama-server, Ollama, vLLM, LM Studio;
                        with it --model names which of its models to offer (default: all)
  --embedding-model NAME  a model of that server that makes embeddings, where the server
                        does not say so; may be given several times
  --engine-key KEY      key of that server                      [AUXOT_ENGINE_KEY]
  --slots N             answers at once, for each model (default: 4)
  --context N           tokens a slot, prompt and answer together
                        (default: what fits, at most 8192 on a CPU and 32768 on a GPU)
  --threads N           CPU threads (default: physical cores minus one)
  --gpu KIND            ${gpuChoices.join(", ")} (default: auto)

Other:
  --drain-timeout SEC   how long running answers may take at the end (default: 30)
  --log-level LEVEL     ${logLevels.join(", ")} (default: info)
  --help
`;

const gpuOptions = {
  ...connectionOptions,
  model: { type: "string", multiple: true },
  alias: { type: "string", multiple: true },
  "models-dir": { type: "string" },
  engine: { type: "string" },
  "engine-url": { type: "string" },
  "engine-key": { type: "string" },
  "embedding-model": { type: "string", multiple: true },
  slots: { type: "string" },
  context: { type: "string" },
  threads: { type: "string" },
  gpu: { type: "string" },
  "drain-timeout": { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsConfig["options"];

type Values = ReturnType<typeof parseArgs<{ options: typeof gpuOptions }>>["values"];

/** `arguments_` after the word gpu. */
export function readGpuCommand(arguments_: readonly string[], environment: Environment): GpuCommand {
  let values: Values;
  try {
    ({ values } = parseArgs({ args: [...arguments_], options: gpuOptions }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "problems", problems: [`${message}\n\`auxot-worker gpu --help\` lists the options.`] };
  }
  if (values.help === true) return { kind: "text", text: gpuHelp };
  const problems: string[] = [];
  const config = readGpuConfig(values, environment, (problem) => void problems.push(problem));
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "gpu", config };
}

function readGpuConfig(values: Values, environment: Environment, report: Report): GpuConfig {
  const contextTokens = readNumber("--context", values.context, 256, 10_000_000, report);
  const token = notEmpty(environment["HF_TOKEN"]);
  const huggingFace = {
    url: notEmpty(environment["HF_ENDPOINT"]) ?? "https://huggingface.co",
    ...(token === undefined ? {} : { token }),
  };
  if (!URL.canParse(huggingFace.url)) report(`HF_ENDPOINT ${huggingFace.url} is no URL.`);
  return {
    ...readConnection(values, environment, report),
    engine: readEngine(values, environment, huggingFace.url, report),
    aliases: values.alias ?? [],
    slots: readNumber("--slots", values.slots, 1, 1024, report) ?? 4,
    ...(contextTokens === undefined ? {} : { contextTokens }),
    threads: readNumber("--threads", values.threads, 1, 1024, report) ?? chooseThreads(),
    gpu: readChoice("--gpu", values.gpu, gpuChoices, "auto", report),
    modelsDirectory: path.resolve(
      values["models-dir"] ??
        notEmpty(environment["AUXOT_WORKER_MODELS_DIR"]) ??
        path.join(os.homedir(), ".cache", "auxot", "models"),
    ),
    drainTimeoutMs: (readNumber("--drain-timeout", values["drain-timeout"], 0, 86_400, report) ?? 30) * 1000,
    logLevel: readChoice("--log-level", values["log-level"], logLevels, "info", report),
    huggingFace,
    childEnvironment: Object.fromEntries(Object.entries(environment).filter(([name]) => !secretNames.has(name))),
  };
}

function readEngine(values: Values, environment: Environment, hub: string, report: Report): GpuConfig["engine"] {
  const fromEnvironment =
    environment["AUXOT_WORKER_MODEL"]
      ?.split(",")
      .map((one) => one.trim())
      .filter(Boolean) ?? [];
  const models = values.model ?? fromEnvironment;
  const url = values["engine-url"];
  const kind = readChoice(
    "--engine",
    values.engine,
    ["embedded", "url"],
    url === undefined ? "embedded" : "url",
    report,
  );
  if (kind === "url") {
    if (url === undefined) report("--engine url needs --engine-url, e.g. --engine-url http://127.0.0.1:11434");
    else if (!/^https?:\/\//.test(url) || !URL.canParse(url)) report(`--engine-url ${url} is no http(s) URL.`);
    const key = values["engine-key"] ?? notEmpty(environment["AUXOT_ENGINE_KEY"]);
    const embeddingModels = values["embedding-model"] ?? [];
    return { kind, url: url ?? "", models, embeddingModels, ...(key === undefined ? {} : { key }) };
  }
  if (url !== undefined) report("--engine-url goes with --engine url.");
  if (values["embedding-model"] !== undefined) {
    report("--embedding-model goes with --engine url; a model file says itself what it is.");
  }
  const addresses: ModelAddress[] = [];
  for (const text of models.length === 0 ? ["demo"] : models) {
    const address = parseModelAddress(text, hub);
    if (address.kind === "problem") report(address.message);
    else addresses.push(address);
  }
  return { kind, models: addresses };
}
