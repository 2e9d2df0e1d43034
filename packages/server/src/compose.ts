// Wires the router together: the one place that knows every part. Starts them in order, stops them in reverse.

import { join } from "node:path";
import { dialects } from "@auxot/dialects/dialects";
import type { Config } from "./config/settings.ts";
import { createReadAddress } from "./http/caller-address.ts";
import { createCheckOrigin } from "./http/check-origin.ts";
import { createHttpServer } from "./http/server.ts";
import { readConversation } from "./hub/conversation.ts";
import { createHub, type Hub, type HubTimes } from "./hub/hub.ts";
import { createWorkerOperations } from "./hub/operations.ts";
import { createCountTokens } from "./inference/count-tokens.ts";
import { createEmbed } from "./inference/embed.ts";
import { createCheckRoute, createInfer, type InferDeps } from "./inference/infer.ts";
import { createAuditLog } from "./operations/audit-log.ts";
import { createRunOperation } from "./operations/run.ts";
import { systemClock } from "./platform/clock.ts";
import { createFetchGuard } from "./platform/fetch-guard/fetch-guard.ts";
import type { Log } from "./platform/log.ts";
import { createReasoningTokens } from "./platform/reasoning-tokens.ts";
import { createPepper, createSealing, derive } from "./platform/sealing.ts";
import { ensureSecretKey } from "./platform/secret-file.ts";
import type { Secret } from "./platform/secret-text.ts";
import { createIdentity } from "./records/identity/identity.ts";
import { createKeys } from "./records/keys/keys.ts";
import { createKeyOperations } from "./records/keys/operations.ts";
import { createKeyStore } from "./records/keys/store.ts";
import { createProviders, type Provider, type Providers } from "./records/providers/providers.ts";
import { createProviderStore } from "./records/providers/store.ts";
import { createResponses, type Responses } from "./records/responses/responses.ts";
import { createResponseStore } from "./records/responses/store.ts";
import { createUsageStore } from "./records/usage/store.ts";
import { createUsageWriter } from "./records/usage/writer.ts";
import { createBackground } from "./responses/background.ts";
import { createCloudSource, type CloudSource } from "./sources/cloud.ts";
import { runDiscovery } from "./sources/discovery.ts";
import { keepReasoningOwn } from "./sources/own-reasoning.ts";
import { withRemoteFiles } from "./sources/remote-files.ts";
import type { Offer, Source } from "./sources/source.ts";
import { createUpstream, type Upstream } from "./sources/upstream.ts";
import { createWorkerSource } from "./sources/worker.ts";
import { acquireDataDirLock } from "./store/data-dir-lock.ts";
import { openDatabase, type Database } from "./store/database.ts";
import { startEmbeddedPostgres } from "./store/embedded-postgres/launcher.ts";

export type RouterOptions = {
  /** Ready only once a worker's offer is live. */
  readonly expectWorker: boolean;
  /** Told the first admin key when this start makes it, before anything else can fail: nobody can see it again. */
  readonly onFirstKey?: (key: string) => void;
  /** Told the token of the set-up at each start while nobody owns the installation. */
  readonly onSetupToken?: (token: string) => void;
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
  const secretKey = config.secretKey ?? (await ensureSecretKey(config.dataDir));

  const sealing = createSealing(secretKey);
  const providers = createProviders({ store: createProviderStore(database), sealing, clock, log });
  await providers.applyConfigured(config.providers);
  const keys = await createKeys({ store: createKeyStore(database), pepper: createPepper(secretKey), clock, log });
  cleanups.push(() => keys.close());
  await keys.applyConfigured(config.keys);
  const { created } = await keys.ensureBootstrap(config.bootstrapKey);
  if (created !== undefined) options.onFirstKey?.(created);
  const workerKey = await keys.ensureBundledWorkerKey(join(config.dataDir, "worker.key"));

  let port = config.port;
  const origins = (): readonly string[] => listOrigins(config, port);
  const identity = await createIdentity({
    database,
    sealing,
    engineSecret: derive(secretKey, "auxot sign-in engine v1"),
    origins,
    mail: config.mail,
    hasPasswords: config.signIn.password,
    // No key belongs to a person yet.
    revokeKeysOf: async () => {},
    announceRights: async () => {},
    async mintKey(work, { name }) {
      const { key: text, id } = await keys.create({ name, kind: "caller", admin: false }, work);
      return { text, id };
    },
    appendAudit: createAuditLog(log),
    clock,
    log,
  });
  cleanups.push(() => identity.close());
  await identity.applyConfiguredSso(config.sso);

  const usage = createUsageWriter({ insert: createUsageStore(database).insert, clock, log });
  cleanups.push(() => usage.close());

  const responses = await openResponses(database, config, log);
  cleanups.push(() => responses.close());

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
    createSources(inOrder(await providers.list(), order), providers, hub, log, cleanups),
    createReasoningTokens(secretKey),
  );
  const sources = withRemoteFiles({
    source: ownReasoning,
    guard: createFetchGuard({ settings: config.fetch }),
    maxTotalBytes: config.limits.maxBodyBytes,
  });

  const inferDeps: InferDeps = {
    offers: sources.offers,
    run: sources.run,
    findHolder: (callerId, request) => hub.findHolder(readConversation(callerId, request)),
    recordUsage: (row) => usage.record(row),
    limits: config.limits,
    clock,
  };
  const infer = createInfer(inferDeps);
  const background = createBackground({ infer, responses, maxRuns: config.responses.maxBackground });

  let draining = false;
  const http = createHttpServer({
    infer,
    embed: createEmbed({ ...inferDeps, embed: sources.embed }),
    responses,
    background,
    checkRoute: createCheckRoute(inferDeps),
    countTokens: createCountTokens({ offers: sources.offers, countTokens: sources.countTokens, clock }),
    identify: (text) => keys.identify(text),
    identity,
    readAddress: createReadAddress(config.trustedProxies),
    checkOrigin: createCheckOrigin(origins, config.baseUrl === undefined),
    offers: sources.offers,
    hub,
    operations: [...createKeyOperations(keys), ...createWorkerOperations(hub), ...identity.operations],
    runOperation: createRunOperation({ database, sealing, appendAudit: createAuditLog(log), clock, log }),
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
  if (setupToken !== undefined) options.onSetupToken?.(setupToken);
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
}

/** What was left running by a router that is gone has failed. An embedded database is this router's alone. */
async function openResponses(database: Database, config: Config, log: Log): Promise<Responses> {
  const { retentionDays } = config.responses;
  const responses = createResponses({ store: createResponseStore(database), clock: systemClock, log, retentionDays });
  await responses.failAbandoned(config.databaseUrl === undefined);
  return responses;
}

async function startStorage(config: Config, log: Log, cleanups: (() => Promise<void> | void)[]): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const database = await openDatabase({ url: config.databaseUrl.reveal() }, log);
    cleanups.push(() => database.close());
    return database;
  }
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  cleanups.push(() => postgres.stop());
  const database = await openDatabase(postgres.target, log);
  cleanups.push(() => database.close());
  return database;
}

/** As the configuration lists them: within a tier the first is asked first. */
function inOrder(providers: readonly Provider[], names: readonly string[]): Provider[] {
  return providers.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

/** One source over all workers, one for each cloud provider; cloud providers are checked in the background. */
function createSources(
  configured: readonly Provider[],
  providers: Providers,
  hub: Hub,
  log: Log,
  cleanups: (() => Promise<void> | void)[],
): Source {
  const upstream = createUpstream();
  const stopped = new AbortController();
  cleanups.push(async () => {
    stopped.abort();
    await upstream.close();
  });
  const workers = createWorkerSource(hub);
  const clouds = new Map<string, CloudSource>();
  for (const { id, name, cloud } of configured) {
    if (cloud === undefined) continue;
    clouds.set(id, startCloud({ id, name, cloud }, upstream, providers, log, stopped.signal));
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
  upstream: Upstream,
  providers: Providers,
  log: Log,
  signal: AbortSignal,
): CloudSource {
  const dialect = dialects[provider.cloud.dialect];
  const source = createCloudSource({ provider, dialect, upstream, clock: systemClock });
  const onModels = async (models: Parameters<CloudSource["setModels"]>[0]): Promise<void> => {
    source.setModels(models);
    await providers.saveDiscoveredModels(provider.id, models);
  };
  void runDiscovery({ provider, dialect, upstream, log, onModels }, signal);
  return source;
}

async function listen(http: ReturnType<typeof createHttpServer>, host: string, port: number): Promise<number> {
  try {
    return await http.listen(host, port);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const reason =
      code === "EADDRINUSE"
        ? `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with AUXOT_PORT.`
        : `Cannot listen on ${host}:${port} (${String(code)}). Check AUXOT_HOST and AUXOT_PORT.`;
    throw new Error(reason, { cause });
  }
}

/** How browsers reach the router. Passkeys need a name: without a configured address it is localhost. */
function listOrigins({ baseUrl, host }: Config, port: number): readonly string[] {
  if (baseUrl !== undefined) return [new URL(baseUrl).origin];
  return [...new Set([`http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://${formatHost(host)}:${port}`])];
}

function formatHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
