// Wires the router together: the one place that knows every part. Starts them in order, stops them in reverse.

import packageFile from "../package.json" with { type: "json" };
import { allOperations } from "@auxot/wire/operations/all";
import type { Config } from "./config/settings.ts";
import { createCheckOrigin } from "./http/check-origin.ts";
import { createApiDocuments } from "./http/openapi/documents.ts";
import { createOperationTable } from "./http/operation-table.ts";
import { createPages } from "./http/pages/pages.ts";
import { createHttpServer } from "./http/server.ts";
import { readConversation } from "./hub/conversation.ts";
import { createHub, type Hub, type HubTimes } from "./hub/hub.ts";
import { createCountTokens } from "./inference/count-tokens.ts";
import { createEmbed } from "./inference/embed.ts";
import { createCheckRoute, createInfer, type InferDeps } from "./inference/infer.ts";
import { keepContent } from "./inference/keep-content.ts";
import { createRulesFor } from "./inference/route-rules.ts";
import { createRunOperation } from "./operations/run.ts";
import { createRangeCheck } from "./platform/ip-ranges.ts";
import type { Log } from "./platform/log.ts";
import type { Secret } from "./platform/secret-text.ts";
import { createExportUsage } from "./records/usage/export.ts";
import { listUsageRecords } from "./records/usage/records-store.ts";
import { createBackground } from "./responses/background.ts";
import type { Offer } from "./sources/source.ts";
import { createUpstream } from "./sources/upstream.ts";
import { openLimits } from "./wiring/admission.ts";
import { openFoundation, type Defer } from "./wiring/foundation.ts";
import { listOrigins } from "./wiring/identity.ts";
import { formatHost, listen } from "./wiring/listen.ts";
import { describeMetricsPage, openMetrics, openTelemetry } from "./wiring/observation.ts";
import { listHandlers } from "./wiring/operations.ts";
import { openRecords } from "./wiring/records.ts";
import { openSources } from "./wiring/sources.ts";

export type RouterOptions = {
  /** Ready only once a worker's offer is live. */
  readonly expectWorker: boolean;
  /** Told the first admin key when this start makes it, before anything else can fail: nobody can see it again. */
  readonly onFirstKey?: (key: string) => void;
  /** Told the token of the set-up, and the page that takes it, at each start while nobody owns the installation. */
  readonly onSetupToken?: (token: string, page: string) => void;
  readonly hubTimes?: Partial<HubTimes>;
  /** A silent stream gets a ping this often. */
  readonly streamPingEveryMs?: number;
};

export type Router = {
  /** As people reach it. */
  readonly url: string;
  /** As a process on this machine reaches it. */
  readonly localUrl: string;
  /** For the bundled worker. */
  readonly workerKey: Secret;
  /** What can be asked now. */
  offers(): readonly Offer[];
  /** Resolves when `/api/ready` would answer 200. */
  readonly ready: Promise<void>;
  /** Drains and frees everything. Idempotent; never rejects. */
  stop(): Promise<void>;
};

const hubTimes: HubTimes = {
  helloWithinMs: 10_000,
  pingEveryMs: 5000,
  silenceLimitMs: 15_000,
  resumeWindowMs: 10_000,
  rememberOffersMs: 60_000,
};
const streamPingEveryMs = 10_000;

/** Throws an Error whose message is for the operator; whatever was started by then is stopped again. */
export async function startRouter(config: Config, log: Log, options: RouterOptions): Promise<Router> {
  const cleanups: (() => Promise<void> | void)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const cleanup of cleanups.toReversed()) {
        try {
          await cleanup();
        } catch (err) {
          // One part that fails must not keep the rest running.
          log.error({ err }, "a part of the router could not be stopped");
        }
      }
    })();
    return stopping;
  };
  try {
    return await startParts(config, log, options, { defer: (cleanup) => void cleanups.push(cleanup), stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  config: Config,
  log: Log,
  options: RouterOptions,
  { defer, stop }: { readonly defer: Defer; stop(): Promise<void> },
): Promise<Router> {
  const foundation = await openFoundation(config, log, defer);
  const { clock, database, ring, pepper } = foundation;
  let port = config.port;
  const origins = (): readonly string[] => listOrigins(config, port);
  const records = await openRecords(foundation, { onFirstKey: options.onFirstKey, origins });
  const { keys, prices, usage, responses, identity, appendAudit } = records;
  const admission = await openLimits(foundation, prices.priceOf);

  const upstream = createUpstream();
  const telemetry = await openTelemetry(foundation);
  const metrics = openMetrics(foundation, {
    running: () => http.running(),
    offers: () => sources.offers(),
    workers: () => hub.workers(),
    queueLength: () => hub.queueLength(),
    upstreams: () => upstream.pools(),
    backgroundRuns: () => background.running(),
    responses: () => responses.counts(),
    usage: () => usage.backlog(),
    spansLost: () => telemetry?.lost() ?? 0,
    webhook: () => admission.webhook.counts(),
    pingDatabase: () => database.ping(),
  });

  const ready = Promise.withResolvers<void>();
  const hub: Hub = createHub({
    times: { ...hubTimes, ...options.hubTimes },
    maxQueued: config.limits.maxQueuedRequests,
    log,
    onOffersChanged: () => hub.isServing() && ready.resolve(),
  });
  defer(() => hub.close());
  keys.onRevoked((keyId) => hub.disconnectKey(keyId));
  const sources = openSources(foundation, records, { hub, upstream, metrics });
  const rulesFor = createRulesFor(records.models.current);

  const inferDeps: InferDeps = {
    rulesFor,
    offers: sources.offers,
    run: sources.run,
    findHolder: (callerId, request) => hub.findHolder(readConversation(callerId, request)),
    admit: admission.admit,
    prices,
    recordUsage(row) {
      usage.record(row);
      metrics?.onRequest(row);
    },
    observer: metrics,
    limits: config.limits,
    clock,
  };
  const infer = keepContent({ infer: createInfer(inferDeps), requestLog: records.requestLog, clock });
  const background = createBackground({ infer, responses, maxRuns: config.responses.maxBackground });

  let draining = false;
  const http = createHttpServer({
    infer,
    embed: createEmbed({ ...inferDeps, embed: sources.embed }),
    responses,
    background,
    checkRoute: createCheckRoute(inferDeps),
    countTokens: createCountTokens({ offers: sources.offers, countTokens: sources.countTokens, clock, rulesFor }),
    identify: keys.identify,
    isTrustedProxy: createRangeCheck(config.trustedProxies),
    identity,
    checkOrigin: createCheckOrigin(origins, config.baseUrl === undefined),
    offers: sources.offers,
    rulesFor,
    hub,
    operations: createOperationTable(listHandlers(foundation, records, { hub, admission, offers: sources.offers })),
    apiDocuments: createApiDocuments(allOperations, packageFile.version),
    pages: createPages(),
    exportUsage: createExportUsage({ db: database.db, list: listUsageRecords }),
    runOperation: createRunOperation({ database, sealing: ring.sealing, pepper, appendAudit, clock, log }),
    ...describeMetricsPage(config, metrics),
    ...(metrics === undefined ? {} : { observer: metrics }),
    ...(telemetry === undefined ? {} : { telemetry }),
    readiness: {
      pingDatabase: () => database.ping(),
      hasExpectedWorker: () => !options.expectWorker || hub.isServing(),
      isDraining: () => draining,
    },
    maxBodyBytes: config.limits.maxBodyBytes,
    pingEveryMs: options.streamPingEveryMs ?? streamPingEveryMs,
    log,
  });
  port = await listen(http, config.host, config.port);
  defer(async () => {
    draining = true;
    hub.announceShutdown();
    const { drainTimeoutMs } = config.limits;
    await Promise.all([http.drain(drainTimeoutMs), background.drain(drainTimeoutMs)]);
  });
  const setupToken = await identity.beginSetup();
  if (setupToken !== undefined) options.onSetupToken?.(setupToken, `${origins()[0]}/setup`);
  if (!options.expectWorker) ready.resolve();
  const localUrl = `http://${formatHost(config.host)}:${port}`;
  return {
    url: config.baseUrl ?? localUrl,
    localUrl,
    workerKey: records.workerKey,
    offers: sources.offers,
    ready: ready.promise,
    stop,
  };
}
