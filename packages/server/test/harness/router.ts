// Starts a whole router in this process, on a port of its own with a database of its own, for tests.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HubTimes } from "../../src/hub/hub.ts";
import { startRouter, type Router } from "../../src/compose.ts";
import type { Config, Limits, ResponseSettings } from "../../src/config/settings.ts";
import type { FetchSettings } from "../../src/platform/fetch-guard/fetch-guard.ts";
import type { DeclaredProvider } from "../../src/records/providers/providers.ts";
import { createLog } from "../../src/platform/log.ts";
import { createSecret } from "../../src/platform/secret-text.ts";

export type TestRouter = AsyncDisposable & {
  readonly router: Router;
  readonly url: string;
  readonly key: string;
  readonly workerKey: string;
  /** Undefined while there is an owner. */
  readonly setupToken: string | undefined;
  readonly dataDir: string;
  /** Log lines, parsed. */
  readonly log: Record<string, unknown>[];
  /** Sends JSON with the admin key; `body` may be raw text. */
  post(path: string, body: unknown, options?: RequestOptions): Promise<Response>;
  get(path: string, options?: RequestOptions): Promise<Response>;
  /** What `connectFakeWorker` takes, with a new worker key for the provider. */
  createWorkerKey(provider: string): Promise<{ readonly url: string; readonly workerKey: string }>;
};

export type RequestOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** null: send none. */
  readonly key?: string | null;
};

export type TestRouterOptions = {
  readonly providers?: readonly DeclaredProvider[];
  readonly limits?: Partial<Limits>;
  readonly fetch?: Partial<FetchSettings>;
  readonly responses?: Partial<ResponseSettings>;
  readonly hubTimes?: Partial<HubTimes>;
  readonly streamPingEveryMs?: number;
  readonly expectWorker?: boolean;
  readonly dataDir?: string;
  readonly config?: Partial<Config>;
};

const limits: Limits = {
  maxBodyBytes: 1024 * 1024,
  queueWaitMs: 5000,
  maxQueuedRequests: 100,
  firstTokenTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  drainTimeoutMs: 2000,
};

export const testKey = "test-admin-key-of-the-harness";

export async function startTestRouter(options: TestRouterOptions = {}): Promise<TestRouter> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "auxot-test-")));
  const lines: Record<string, unknown>[] = [];
  const log = createLog("debug", (line) => void lines.push(JSON.parse(line) as Record<string, unknown>));
  const config: Config = {
    host: "127.0.0.1",
    port: 0,
    dataDir,
    logLevel: "debug",
    bootstrapKey: createSecret(testKey),
    limits: { ...limits, ...options.limits },
    fetch: { enabled: true, allow: [], maxBytes: 1_000_000, timeoutMs: 10_000, ...options.fetch },
    responses: { retentionDays: 30, maxBackground: 20, ...options.responses },
    audit: { retentionDays: 0 },
    trustedProxies: [],
    metrics: { access: "key" },
    usage: { recordDays: 90, rollupMonths: 25 },
    providers: options.providers ?? [],
    keys: [],
    sso: [],
    signIn: { password: true },
    ...options.config,
  };
  let setupToken: string | undefined;
  const router = await startRouter(config, log, {
    expectWorker: options.expectWorker ?? false,
    onSetupToken: (token) => (setupToken = token),
    hubTimes: { resumeWindowMs: 300, ...options.hubTimes },
    ...(options.streamPingEveryMs === undefined ? {} : { streamPingEveryMs: options.streamPingEveryMs }),
  });

  function send(method: string, path: string, body: string | undefined, request: RequestOptions): Promise<Response> {
    const key = request.key === undefined ? testKey : request.key;
    return fetch(router.localUrl + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  }

  return {
    router,
    url: router.localUrl,
    key: testKey,
    workerKey: router.workerKey.reveal(),
    setupToken,
    dataDir,
    log: lines,
    post: (path, body, request = {}) =>
      send("POST", path, typeof body === "string" ? body : JSON.stringify(body), request),
    get: (path, request = {}) => send("GET", path, undefined, request),
    async createWorkerKey(provider) {
      const input = JSON.stringify({ name: `workers of ${provider}`, kind: "worker", provider });
      const { key } = (await (await send("POST", "/api/keys", input, {})).json()) as { key: string };
      return { url: router.localUrl, workerKey: key };
    },
    async [Symbol.asyncDispose]() {
      await router.stop();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
