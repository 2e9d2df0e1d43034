// Wires the router together: the one place that knows every part. Starts them in order, stops them in reverse.

import { join } from "node:path";
import packageFile from "../package.json" with { type: "json" };
import { allOperations } from "@auxot/wire/operations/all";
import type { Config } from "./config/settings.ts";
import { createApiDocuments } from "./http/openapi/documents.ts";
import { createPages } from "./http/pages/pages.ts";
import { createOperationTable } from "./http/operation-table.ts";
import { createCheckOrigin } from "./http/check-origin.ts";
import { createHttpServer } from "./http/server.ts";
import { readConversation } from "./hub/conversation.ts";
import { createHub, type Hub, type HubTimes } from "./hub/hub.ts";
import { createWorkerOperations } from "./hub/operations.ts";
import { createCountTokens } from "./inference/count-tokens.ts";
import { createEmbed } from "./inference/embed.ts";
import { createCheckRoute, createInfer, type InferDeps } from "./inference/infer.ts";
import { createRulesFor } from "./inference/route-rules.ts";
import { createAuditLog } from "./operations/audit-log.ts";
import { requirePaired } from "./operations/pair.ts";
import { createRunOperation } from "./operations/run.ts";
import { keepContent } from "./inference/keep-content.ts";
import { systemClock } from "./platform/clock.ts";
import { createRangeCheck } from "./platform/ip-ranges.ts";
import { createFetchGuard } from "./platform/fetch-guard/fetch-guard.ts";
import type { Log } from "./platform/log.ts";
import { createReasoningTokens } from "./platform/reasoning-tokens.ts";
import { createPepper } from "./platform/sealing.ts";
import type { Secret } from "./platform/secret-text.ts";
import { createSigner } from "./platform/signer.ts";
import { createAudit } from "./records/audit/audit.ts";
import { createAuditOperations } from "./records/audit/operations.ts";
import { createKeyRingOperations } from "./records/key-ring/operations.ts";
import { createKeys } from "./records/keys/keys.ts";
import { createKeyStore } from "./records/keys/store.ts";
import { keepToLicence } from "./records/licence/features.ts";
import { openLicensing } from "./records/licence/licensing.ts";
import { createLicenceOperations } from "./records/licence/operations.ts";
import { createLicenceStore } from "./records/licence/store.ts";
import { openModelSettings } from "./records/models/settings.ts";
import { createModelStore } from "./records/models/store.ts";
import { createProviders } from "./records/providers/providers.ts";
import { createPriceOperations } from "./records/prices/operations.ts";
import { createPrices } from "./records/prices/prices.ts";
import { createPriceStore } from "./records/prices/store.ts";
import { createProviderStore } from "./records/providers/store.ts";
import { createRequestLogOperations } from "./records/request-log/operations.ts";
import { createRequestLog } from "./records/request-log/request-log.ts";
import { createRequestLogStore } from "./records/request-log/store.ts";
import { createSecretOperations } from "./records/secrets/operations.ts";
import { createSecrets } from "./records/secrets/secrets.ts";
import { createSecretStore } from "./records/secrets/store.ts";
import { createExportUsage } from "./records/usage/export.ts";
import { createUsageOperations } from "./records/usage/operations.ts";
import { createUsageQueryStore } from "./records/usage/query-store.ts";
import { listUsageRecords } from "./records/usage/records-store.ts";
import { createRollupStore } from "./records/usage/rollup-store.ts";
import { createUsageStore } from "./records/usage/store.ts";
import { createUsageTender } from "./records/usage/tend.ts";
import { createUsageWriter } from "./records/usage/writer.ts";
import { createBackground } from "./responses/background.ts";
import { keepReasoningOwn } from "./sources/own-reasoning.ts";
import { withRemoteFiles } from "./sources/remote-files.ts";
import type { Offer } from "./sources/source.ts";
import { createUpstream } from "./sources/upstream.ts";
import { createMetrics, type Metrics } from "./observe/metrics.ts";
import { acquireDataDirLock } from "./store/data-dir-lock.ts";
import { createPeopleParts } from "./wiring/administration.ts";
import { createConfigurationParts } from "./wiring/configuration.ts";
import { listLimitOperations, startAdmission } from "./wiring/admission.ts";
import { listOrigins, openIdentity } from "./wiring/identity.ts";
import { formatHost, listen } from "./wiring/listen.ts";
import { createSources, inOrder } from "./wiring/sources.ts";
import { openResponses, openRing, startStorage } from "./wiring/storage.ts";

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
    return await startParts(config, log, options, cleanups, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  config: Config,
  log: Log,
  options: RouterOptions,
  cleanups: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Router> {
  const clock = systemClock;
  const lock = await acquireDataDirLock(config.dataDir);
  cleanups.push(() => lock.release());
  const database = await startStorage(config, log, cleanups);
  const ring = await openRing(database, config, log);
  cleanups.push(() => ring.close());
  const { sealing, workingKeys } = ring;
  const pepper = createPepper(workingKeys.current("pepper").key);

  const providers = createProviders({ store: createProviderStore(database), sealing, clock, log });
  await providers.applyConfigured(config.providers);
  const keys = await createKeys({ store: createKeyStore(database), pepper, clock, log });
  cleanups.push(() => keys.close());
  await keys.applyConfigured(config.keys);
  const { created } = await keys.ensureBootstrap(config.bootstrapKey);
  if (created !== undefined) options.onFirstKey?.(created);
  const workerKey = await keys.ensureBundledWorkerKey(join(config.dataDir, "worker.key"));

  const signer = createSigner({
    current: () => workingKeys.current("audit-anchor"),
    all: () => workingKeys.all("audit-anchor"),
  });
  const audit = createAudit({ database, dataDir: config.dataDir, settings: config.audit, signer, clock, log });
  cleanups.push(() => audit.close());
  audit.start();
  const secrets = createSecrets({ store: createSecretStore(database), sealing, note: audit.note, clock, log });
  cleanups.push(() => secrets.close());
  const { vendorKey } = config;
  const licensing = await openLicensing({ store: createLicenceStore(database), vendorKey, clock, log });
  cleanups.push(() => licensing.close());

  const priceStore = createPriceStore(database);
  const configured = new Map((await providers.list()).map((provider) => [provider.name, provider]));
  const findBaseUrl = (name: string): string | undefined => configured.get(name)?.cloud?.baseUrl;
  const prices = await createPrices({ store: priceStore, findBaseUrl, log });
  cleanups.push(() => prices.close());

  const tender = createUsageTender({ store: createRollupStore(database), retention: config.usage, clock, log });
  cleanups.push(() => tender.close());

  let port = config.port;
  const origins = (): readonly string[] => listOrigins(config, port);
  const appendAudit = createAuditLog(log, audit.append);
  const identity = await openIdentity({
    database,
    sealing,
    workingKeys,
    keys,
    licensing,
    appendAudit,
    origins,
    config,
    clock,
    log,
  });
  cleanups.push(() => identity.close());
  await identity.applyConfiguredSso(config.sso);

  const usage = createUsageWriter({ insert: createUsageStore(database).insert, clock, log });
  cleanups.push(() => usage.close());

  const responses = await openResponses(database, config, log);
  cleanups.push(() => responses.close());

  const requestLogStore = createRequestLogStore(database);
  const requestLog = await createRequestLog({ store: requestLogStore, clock, log });
  cleanups.push(() => requestLog.close());

  const admission = await startAdmission(database, config, prices.priceOf, log);
  cleanups.push(() => admission.close());

  const upstream = createUpstream();
  const metrics = openMetrics();
  const telemetry = await openTelemetry(config, log, cleanups);

  const ready = Promise.withResolvers<void>();
  const hub: Hub = createHub({
    times: { ...hubTimes, ...options.hubTimes },
    maxQueued: config.limits.maxQueuedRequests,
    log,
    onOffersChanged: () => hub.isServing() && ready.resolve(),
  });
  cleanups.push(() => hub.close());
  keys.onRevoked((keyId) => hub.disconnectKey(keyId));
  const order = config.providers.map(({ name }) => name);
  const ownReasoning = keepReasoningOwn(
    createSources(inOrder([...configured.values()], order), { providers, hub, upstream, metrics, log }, cleanups),
    createReasoningTokens(workingKeys),
  );
  const sources = withRemoteFiles({
    source: ownReasoning,
    guard: createFetchGuard({ settings: config.fetch }),
    maxTotalBytes: config.limits.maxBodyBytes,
  });

  const models = await openModelSettings({ store: createModelStore(database), log });
  cleanups.push(() => models.close());
  const rulesFor = createRulesFor(models.current);

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
  const infer = keepContent({ infer: createInfer(inferDeps), requestLog, clock });
  const background = createBackground({ infer, responses, maxRuns: config.responses.maxBackground });

  const unlicensed = [
    ...createPeopleParts({ keys, identity, models, offers: sources.offers, explainPrice: prices.explain }),
    ...identity.operations,
    ...createWorkerOperations(hub),
    ...createAuditOperations(audit),
    ...createRequestLogOperations(requestLogStore, requestLog),
    ...createSecretOperations(secrets),
    ...createKeyRingOperations(ring),
    ...createLicenceOperations(licensing),
    ...createPriceOperations({ store: priceStore, prices, findTier: (name) => configured.get(name)?.kind }),
    ...listLimitOperations(database, admission),
    ...createUsageOperations({ store: createUsageQueryStore(database), list: listUsageRecords }),
  ];
  const ofNouns = keepToLicence(unlicensed, licensing);
  const handlers = [...ofNouns, ...createConfigurationParts(ofNouns, keys)];
  requirePaired(allOperations, handlers);

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
    operations: createOperationTable(handlers),
    apiDocuments: createApiDocuments(allOperations, packageFile.version),
    pages: createPages(),
    exportUsage: createExportUsage({ db: database.db, list: listUsageRecords }),
    runOperation: createRunOperation({ database, sealing, pepper, appendAudit, clock, log }),
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
  cleanups.push(async () => {
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
    workerKey,
    offers: sources.offers,
    ready: ready.promise,
    stop,
  };

  function openMetrics(): Metrics | undefined {
    if (config.metrics.access === "off") return undefined;
    const readers = {
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
    };
    return createMetrics(readers, packageFile.version);
  }
}

/** Loads OpenTelemetry only when there is a collector. */
async function openTelemetry(config: Config, log: Log, cleanups: (() => Promise<void> | void)[]) {
  if (config.traces === undefined) return undefined;
  const { startTelemetry } = await import("./platform/open-telemetry.ts");
  const telemetry = startTelemetry(config.traces, packageFile.version, log);
  cleanups.push(() => telemetry.close());
  return telemetry;
}

function describeMetricsPage({ metrics: { access, token } }: Config, metrics: Metrics | undefined) {
  if (metrics === undefined || access === "off") return {};
  return { metrics: { scrape: metrics.scrape, access, ...(token === undefined ? {} : { token }) } };
}
