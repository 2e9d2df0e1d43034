// Finds out which models a cloud provider has, and whether it takes our credential. Keeps trying; never blocks a start.

import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@auxot/wire/errors";
import type { Dialect } from "@auxot/dialects/dialect";
import { z } from "zod";
import type { CloudModel, CloudSettings } from "../records/providers/providers.ts";
import type { Log } from "../platform/log.ts";
import { readAll, type Upstream } from "./upstream.ts";

const refreshMs = 60 * 60 * 1000;
const retryMs = [5000, 15_000, 60_000, 300_000];
const countSchema = z.int().positive().optional().catch(undefined);
/** Some vendors tell limits too: Anthropic, and under other names OpenRouter, vLLM and Groq. */
const entrySchema = z.object({
  id: z.string().min(1),
  max_input_tokens: countSchema,
  context_length: countSchema,
  max_model_len: countSchema,
  context_window: countSchema,
  max_tokens: countSchema,
  max_completion_tokens: countSchema,
});
const listSchema = z.object({ data: z.array(entrySchema) });

export type DiscoveryDeps = {
  readonly provider: { readonly id: string; readonly name: string; readonly cloud: CloudSettings };
  readonly dialect: Dialect;
  readonly upstream: Upstream;
  readonly log: Log;
  onModels(models: readonly CloudModel[]): Promise<void>;
};

/** Asks now, again after a failure, and every hour, until `signal` aborts. The credential is checked even where the models are declared. */
export async function runDiscovery(deps: DiscoveryDeps, signal: AbortSignal): Promise<void> {
  const { provider, log } = deps;
  for (let failures = 0; !signal.aborted;) {
    let waitMs = refreshMs;
    try {
      const models = await listModels(deps, signal);
      failures = 0;
      if (!provider.cloud.modelsDeclared) await deps.onModels(models);
      log.info({ provider: provider.name, models: models.length }, "cloud provider answers and takes the key");
    } catch (error) {
      if (signal.aborted) return;
      waitMs = retryMs[Math.min(failures, retryMs.length - 1)] ?? refreshMs;
      failures += 1;
      const reason = error instanceof AppError ? error.message : String(error);
      log.warn(
        { provider: provider.name, reason, retryInMs: waitMs },
        "models of the cloud provider could not be listed",
      );
    }
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function listModels(
  { provider, dialect, upstream }: DiscoveryDeps,
  signal: AbortSignal,
): Promise<readonly CloudModel[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(15_000)]);
  const response = await upstream.send({
    method: "GET",
    url: new URL(provider.cloud.baseUrl + dialect.modelsPath),
    headers: { ...dialect.call.buildHeaders(provider.cloud.apiKey.reveal()), accept: "application/json" },
    signal: limit,
  });
  const body = await readAll(response.chunks, 8 * 1024 * 1024);
  if (response.status < 200 || response.status >= 300) {
    // A compatible server without a model list is fine when the models are declared.
    if (response.status === 404 && provider.cloud.modelsDeclared) return provider.cloud.models;
    throw dialect.call.decodeError(response.status, response.headers, body, Date.now());
  }
  const list = listSchema.safeParse(parseJson(body));
  if (!list.success) throw new AppError("source_failed", "The provider's model list has an unknown shape.");
  return list.data.data.map(readModel);
}

function readModel(entry: z.infer<typeof entrySchema>): CloudModel {
  const context = entry.max_input_tokens ?? entry.context_length ?? entry.max_model_len ?? entry.context_window;
  const output = entry.max_tokens ?? entry.max_completion_tokens;
  return {
    id: entry.id,
    aliases: [],
    ...(context === undefined ? {} : { contextTokens: context }),
    ...(output === undefined ? {} : { maxOutputTokens: output }),
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
