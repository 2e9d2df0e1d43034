// Wires a GPU worker together: models, engine, link.

import { createRequire } from "node:module";
import { AppError } from "@auxot/wire/errors";
import type { Hardware } from "@auxot/wire/worker-frames";
import type { GpuConfig } from "./command-line/gpu-command.ts";
import { createEmbeddedEngine, type LocalModel } from "./gpu/embedded/embedded-engine.ts";
import type { Engine } from "./engine.ts";
import { createLateEngine } from "./gpu/late-engine.ts";
import { detectHardware } from "./gpu/hardware.ts";
import { resolveModel } from "./gpu/models/resolve-model.ts";
import { createUrlEngine } from "./gpu/url/url-engine.ts";
import type { Log } from "./log.ts";
import type { LinkEnd } from "./link.ts";
import { startWorker } from "./worker.ts";

export type RunningWorker = {
  /** Why the worker is over: closed after `drain`, refused by the router. */
  readonly ended: Promise<LinkEnd>;
  /** Finishes running jobs within the configured time, then closes everything. */
  drain(): Promise<void>;
};

/**
 * Loads the models and connects. A model that must be downloaded first does not keep the worker from connecting, so that a
 * wrong key is known at once. Throws `AppError`, here or from `ended`, when a model cannot be had or loaded.
 * `writeTerminal` is given where people watch.
 */
export async function startGpuWorker(
  config: GpuConfig,
  log: Log,
  writeTerminal: ((text: string) => void) | undefined,
): Promise<RunningWorker> {
  const hardware = await detectHardware();
  const coming = startEngine(config, hardware, log, writeTerminal);
  const isDownload =
    config.engine.kind === "embedded" && config.engine.models.some((address) => address.kind === "download");
  const engine = isDownload ? createLateEngine("llama.cpp embedded", coming) : await coming;
  const worker = startWorker({
    engine,
    kind: "gpu",
    name: config.name,
    version: readVersion(),
    hardware,
    url: config.routerUrl,
    key: config.key,
    log,
  });
  const failed = coming.then(() => new Promise<never>(() => undefined));
  return {
    ended: Promise.race([worker.ended, failed]).finally(() => engine.close()),
    drain: () => worker.drain(config.drainTimeoutMs),
  };
}

async function startEngine(
  config: GpuConfig,
  hardware: Hardware,
  log: Log,
  writeTerminal: ((text: string) => void) | undefined,
): Promise<Engine> {
  if (config.engine.kind === "url") {
    const engine = createUrlEngine({ ...config.engine, slots: config.slots, aliases: config.aliases, log });
    await engine.firstProbe;
    return engine;
  }
  const models: LocalModel[] = [];
  for (const [i, address] of config.engine.models.entries()) {
    const found = await resolveModel(address, {
      modelsDirectory: config.modelsDirectory,
      token: config.huggingFace.token,
      tokenHost: new URL(config.huggingFace.url).host,
      log,
      writeTerminal,
    });
    if (models.some(({ model }) => model === found.model)) {
      throw new AppError("invalid_request", `Two models are named ${found.model}; rename one of the files.`);
    }
    models.push({
      ...found,
      aliases: i === 0 ? config.aliases : [],
      ...(config.contextTokens === undefined ? {} : { contextTokens: config.contextTokens }),
    });
  }
  const engine = createEmbeddedEngine({
    models,
    slots: config.slots,
    threads: config.threads,
    gpu: config.gpu,
    environment: config.childEnvironment,
    log,
  });
  try {
    await engine.firstLoad;
  } catch (error) {
    await engine.close();
    throw error;
  }
  if (hardware.gpus.length > 0 && config.gpu !== "off" && engine.isCpuOnly()) {
    log.warn("this machine has a GPU, but the installed llama.cpp uses the CPU only: npm run add-gpu -- cuda", {
      gpu: hardware.gpus[0]?.name,
    });
  }
  return engine;
}

/** Of this package. */
export function readVersion(): string {
  const manifest = createRequire(import.meta.url)("../package.json") as { readonly version: string };
  return manifest.version;
}
