// Wires where inference runs: one source over all workers, one for each cloud provider.

import { dialects } from "@auxot/dialects/dialects";
import type { Hub } from "../hub/hub.ts";
import { systemClock } from "../platform/clock.ts";
import { createFetchGuard } from "../platform/fetch-guard/fetch-guard.ts";
import type { Log } from "../platform/log.ts";
import { createReasoningTokens } from "../platform/reasoning-tokens.ts";
import type { Provider, Providers } from "../records/providers/providers.ts";
import { createCloudSource, type CloudSource } from "../sources/cloud.ts";
import { runDiscovery } from "../sources/discovery.ts";
import { keepReasoningOwn } from "../sources/own-reasoning.ts";
import { withRemoteFiles } from "../sources/remote-files.ts";
import type { Source } from "../sources/source.ts";
import type { Upstream } from "../sources/upstream.ts";
import { createWorkerSource } from "../sources/worker.ts";
import type { Metrics } from "../observe/metrics.ts";
import { watchQueue } from "../observe/watch-queue.ts";
import type { Foundation, Defer } from "./foundation.ts";
import type { Records } from "./records.ts";

/**
 * Where inference runs, whatever a caller sent: files by address are fetched where a source cannot, and nobody's proof of
 * reasoning reaches another.
 */
export function openSources(
  { config, log, defer, ring }: Foundation,
  { providers, configured }: Pick<Records, "providers" | "configured">,
  parts: Pick<SourceParts, "hub" | "upstream" | "metrics">,
): Source {
  const order = config.providers.map(({ name }) => name);
  const asked = inOrder([...configured.values()], order);
  return withRemoteFiles({
    source: keepReasoningOwn(
      createSources(asked, { ...parts, providers, log }, defer),
      createReasoningTokens(ring.workingKeys),
    ),
    guard: createFetchGuard({ settings: config.fetch }),
    maxTotalBytes: config.limits.maxBodyBytes,
  });
}

/** As the configuration lists them: within a tier the first is asked first. */
function inOrder(providers: readonly Provider[], names: readonly string[]): Provider[] {
  return providers.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

type SourceParts = {
  readonly providers: Providers;
  readonly hub: Hub;
  readonly upstream: Upstream;
  readonly metrics: Metrics | undefined;
  readonly log: Log;
};

/** One source over all workers, one for each cloud provider; cloud providers are checked in the background. */
function createSources(
  configured: readonly Provider[],
  { providers, hub, upstream, metrics, log }: SourceParts,
  defer: Defer,
): Source {
  const stopped = new AbortController();
  defer(async () => {
    stopped.abort();
    await upstream.close();
  });
  const start = metrics === undefined ? hub.start : watchQueue(hub.start, metrics.onWaited);
  const workers = createWorkerSource({ ...hub, start });
  const clouds = new Map<string, CloudSource>();
  for (const { id, name, cloud } of configured) {
    if (cloud === undefined) continue;
    const onRest = (): void => metrics?.onRest(name);
    clouds.set(id, startCloud({ id, name, cloud }, { providers, upstream, log, onRest }, stopped.signal));
  }
  const find = (providerId: string | undefined): Source => clouds.get(providerId ?? "") ?? workers;
  return {
    offers: () => [...workers.offers(), ...[...clouds.values()].flatMap((source) => source.offers())],
    run: (call, signal) => find(call.targets[0]?.providerId).run(call, signal),
    embed: (call, signal) => find(call.targets[0]?.providerId).embed(call, signal),
    countTokens: (request, target, signal) => find(target.providerId).countTokens(request, target, signal),
  };
}

function startCloud(
  provider: Parameters<typeof createCloudSource>[0]["provider"],
  { providers, upstream, log, onRest }: Pick<SourceParts, "providers" | "upstream" | "log"> & { onRest(): void },
  signal: AbortSignal,
): CloudSource {
  const dialect = dialects[provider.cloud.dialect];
  const source = createCloudSource({ provider, dialect, upstream, clock: systemClock, onRest });
  const onModels = async (models: Parameters<CloudSource["setModels"]>[0]): Promise<void> => {
    source.setModels(models);
    await providers.saveDiscoveredModels(provider.id, models);
  };
  void runDiscovery({ provider, dialect, upstream, log, onModels }, signal);
  return source;
}
