// The engine that runs model files itself, by llama.cpp in one child process a model.

import type { ModelOffer } from "@auxot/wire/model-offer";
import { AppError } from "@auxot/wire/errors";
import type { Log } from "../../log.ts";
import type { Engine } from "../../engine.ts";
import type { GpuChoice } from "./child-messages.ts";
import { createModelHost, type ModelHost } from "./model-host.ts";

/** A model file on this machine and how it is offered. */
export type LocalModel = {
  readonly model: string;
  readonly aliases: readonly string[];
  readonly path: string;
  readonly description?: string;
  /** Tokens a slot; absent: what fits. */
  readonly contextTokens?: number;
};

export type EmbeddedEngineOptions = {
  readonly models: readonly LocalModel[];
  readonly slots: number;
  readonly threads: number;
  readonly gpu: GpuChoice;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly restartDelaysMs?: { readonly first: number; readonly longest: number };
};

export type EmbeddedEngine = Engine & {
  /** Resolves when every model is loaded; rejects with what is wrong with the first that is not. */
  readonly firstLoad: Promise<void>;
  /** True when every loaded model runs on the CPU only. */
  isCpuOnly(): boolean;
  /** The process ids of the children, for tests. */
  processIds(): readonly number[];
};

/** Starts loading at once; offers appear as models are loaded. */
export function createEmbeddedEngine(options: EmbeddedEngineOptions): EmbeddedEngine {
  const hosts: { readonly local: LocalModel; readonly host: ModelHost }[] = options.models.map((local) => ({
    local,
    host: createModelHost({
      model: local.model,
      load: {
        modelPath: local.path,
        slots: options.slots,
        threads: options.threads,
        gpu: options.gpu,
        ...(local.contextTokens === undefined ? {} : { contextTokens: local.contextTokens }),
      },
      environment: options.environment,
      log: options.log,
      ...(options.restartDelaysMs === undefined ? {} : { restartDelaysMs: options.restartDelaysMs }),
    }),
  }));

  function offer(local: LocalModel, host: ModelHost): ModelOffer[] {
    const info = host.loaded();
    if (info === undefined) return [];
    return [
      {
        model: local.model,
        aliases: [...local.aliases],
        abilities: {
          tools: info.tools,
          images: false,
          reasoning: info.reasoning,
          ...(info.dimensions === undefined ? {} : { embeddings: true }),
          ...(info.infill ? { infill: true } : {}),
        },
        contextTokens: info.contextTokens,
        ...(info.dimensions === undefined ? {} : { dimensions: info.dimensions }),
        slots: options.slots,
        ...(local.description === undefined ? {} : { description: local.description }),
      },
    ];
  }

  function findHost(model: string): ModelHost {
    const found = hosts.find(({ local }) => local.model === model || local.aliases.includes(model));
    if (found !== undefined) return found.host;
    throw new AppError("model_not_found", `This worker has no model ${model}.`, { param: "model" });
  }

  const firstLoad = Promise.all(hosts.map(({ host }) => host.firstLoad)).then(() => undefined);
  // Nobody may be waiting for it when it fails.
  firstLoad.catch(() => undefined);
  return {
    name: "llama.cpp embedded",
    offers: () => hosts.flatMap(({ local, host }) => offer(local, host)),
    run: (request, signal) => findHost(request.model).run(request, signal),
    embed: (request, signal) => findHost(request.model).embed(request, signal),
    countTokens: async (request) => findHost(request.model).countTokens(request),
    onOffersChanged(listener) {
      for (const { host } of hosts) host.onChanged(listener);
    },
    async close() {
      await Promise.all(hosts.map(({ host }) => host.close()));
    },
    firstLoad,
    isCpuOnly: () => hosts.every(({ host }) => host.loaded()?.device === "cpu"),
    processIds: () => hosts.flatMap(({ host }) => host.processId() ?? []),
  };
}
