// Starts routers and workers as real processes, each router with a directory of its own. Asserts nothing.

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { WorkerView } from "@auxot/wire/operations/workers";
import { openDatabase, type Database } from "../../packages/server/src/store/database.ts";
import { clusterUser } from "../../packages/server/src/store/embedded-postgres/cluster.ts";
import {
  readPostmasterFile,
  type PostmasterFile,
} from "../../packages/server/src/store/embedded-postgres/postmaster-file.ts";
import { quietLog } from "../../packages/server/test/harness/quiet-log.ts";
import { startProgram, type Program } from "./program.ts";
import { until } from "./until.ts";

export type TestRouter = AsyncDisposable & {
  readonly program: Program;
  readonly url: string;
  readonly port: number;
  /** An admin key. */
  readonly key: string;
  readonly workerKey: string;
  /** Holds `data` and whatever a test puts there. */
  readonly directory: string;
  readonly dataDir: string;
  post(path: string, body: unknown, options?: RequestOptions): Promise<Response>;
  get(path: string, options?: RequestOptions): Promise<Response>;
  workers(): Promise<readonly WorkerView[]>;
  /** Jobs of `model` that run now, on all workers. */
  busySlots(model?: string): Promise<number>;
  /** The usage rows, oldest first. */
  usage(): Promise<readonly Record<string, unknown>[]>;
};

export type RequestOptions = { readonly key?: string; readonly signal?: AbortSignal };

export type RouterOptions = {
  /** The text of auxot.yaml. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Of a router before this one, for its data; the directory then stays. */
  readonly directory?: string;
  readonly port?: number;
};

export type WorkerOptions = {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of the router's own. */
  readonly url?: string;
  readonly key?: string;
};

export const serverFile = "packages/server/src/main.ts";
export const workerFile = "packages/workers/src/main.ts";
export const adminKey = "the-admin-key-of-all-system-tests";

/** A directory that Postgres can enter when root runs the tests. */
export async function makeDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtemp(path.join(tmpdir(), "auxot-system-"));
  await chmod(directory, 0o755);
  return {
    path: directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Resolves when the router listens. */
export async function startRouter(options: RouterOptions = {}): Promise<TestRouter> {
  const own = options.directory === undefined ? await makeDirectory() : undefined;
  const directory = options.directory ?? own?.path ?? "";
  const dataDir = path.join(directory, "data");
  const configFile = path.join(directory, "auxot.yaml");
  if (options.config !== undefined) await writeFile(configFile, options.config);
  const program = startProgram([serverFile], {
    cwd: directory,
    env: {
      AUXOT_PORT: String(options.port ?? 0),
      AUXOT_DATA_DIR: dataDir,
      AUXOT_BOOTSTRAP_KEY: adminKey,
      ...(options.config === undefined ? {} : { AUXOT_CONFIG: configFile }),
      ...options.env,
    },
  });

  async function stop(): Promise<void> {
    await program[Symbol.asyncDispose]();
    await stopPostgres(dataDir);
    await own?.[Symbol.asyncDispose]();
  }
  let listening: { readonly url: string; readonly workerKey: string };
  try {
    listening = (await program.nextMessage()) as typeof listening;
  } catch (error) {
    await stop();
    throw error;
  }
  const { url, workerKey } = listening;

  function send(method: string, where: string, body: unknown, request: RequestOptions): Promise<Response> {
    return fetch(url + where, {
      method,
      headers: { authorization: `Bearer ${request.key ?? adminKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  }
  async function workers(): Promise<readonly WorkerView[]> {
    const response = await send("GET", "/api/workers", undefined, {});
    return ((await response.json()) as { readonly items: readonly WorkerView[] }).items;
  }
  return {
    program,
    url,
    port: Number(new URL(url).port),
    key: adminKey,
    workerKey,
    directory,
    dataDir,
    post: (where, body, request = {}) => send("POST", where, body, request),
    get: (where, request = {}) => send("GET", where, undefined, request),
    workers,
    async busySlots(model = "auxot-demo") {
      const models = (await workers()).flatMap((worker) => worker.models).filter((one) => one.model === model);
      return models.reduce((sum, { busySlots }) => sum + busySlots, 0);
    },
    async usage() {
      const database = await openEmbedded(dataDir);
      try {
        return Array.from(await database.sql`select * from usage_record order by at`, (row) => ({ ...row }));
      } finally {
        await database.close();
      }
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Starts a GPU worker with one thread; resolves when the router has its offers. */
export async function startWorker(router: TestRouter, options: WorkerOptions = {}): Promise<Program> {
  const worker = launchWorker(router, options);
  try {
    await worker.said(/connected to the router/);
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
  return worker;
}

/** As `startWorker`, without waiting for anything. */
export function launchWorker(router: TestRouter, options: WorkerOptions = {}): Program {
  return startProgram(
    [workerFile, "gpu", "--router", options.url ?? router.url, "--threads", "1", ...(options.args ?? [])],
    {
      env: {
        AUXOT_WORKER_KEY: options.key ?? router.workerKey,
        AUXOT_WORKER_MODELS_DIR: path.join(router.directory, "models"),
        ...options.env,
      },
    },
  );
}

/** Starts the next router on the data and the port of one that has ended: clients and workers keep the address. */
export function restartRouter(router: TestRouter, options: RouterOptions = {}): Promise<TestRouter> {
  return startRouter({ ...options, directory: router.directory, port: router.port });
}

/** The running Postgres of a data directory. */
export function findPostgres(dataDir: string): Promise<PostmasterFile | undefined> {
  return readPostmasterFile(path.join(dataDir, "postgres"));
}

async function openEmbedded(dataDir: string): Promise<Database> {
  const file = await findPostgres(dataDir);
  if (file === undefined) throw new Error(`No Postgres runs in ${dataDir}.`);
  const target = { socketDir: file.socketDir, user: clusterUser, database: "postgres" };
  return openDatabase(target, quietLog, { maxConnections: 1 });
}

/** Only a router that was killed leaves its Postgres running. */
async function stopPostgres(dataDir: string): Promise<void> {
  const file = await findPostgres(dataDir);
  if (file === undefined) return;
  try {
    process.kill(file.pid, "SIGQUIT");
  } catch {
    return;
  }
  await until("Postgres stopped", async () => (await findPostgres(dataDir)) === undefined);
}
