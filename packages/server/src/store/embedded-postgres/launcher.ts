// Owns the Postgres that runs beside the router: finds it, sets it up, starts or adopts it, restarts it when it dies.

import { rmdir } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { StoreLog } from "../store-log.ts";
import { findNative, prepareBinaries } from "./binaries.ts";
import { clusterUser, ensureCluster } from "./cluster.ts";
import { choosePlace, notePlace, prepareSocketDir } from "./place.ts";
import { adoptPostmaster, startPostmaster, stopPostmaster, type Postmaster } from "./postmaster.ts";

export type EmbeddedPostgres = {
  /** For `openDatabase`. */
  readonly target: { readonly socketDir: string; readonly user: string; readonly database: string };
  /** Of the server process now; another one after a restart. */
  pid(): number;
  /** It was left running by a router that was killed. */
  readonly adopted: boolean;
  /** Fast shutdown: open transactions are rolled back. Resolves when the process is gone. Idempotent. */
  stop(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  readonly dataDir: string;
  readonly log: StoreLog;
  /** Where the cluster goes when Postgres cannot enter `dataDir`; default /var/lib/auxot. */
  readonly outsideDir?: string;
};

const maxRestartDelayMs = 10_000;

/** The caller holds the data directory's lock until after `stop`. Throws an Error with a message for the operator. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log } = options;
  const native = findNative();
  const place = await choosePlace(dataDir, log, options.outsideDir);
  const binaries = await prepareBinaries(native, place);
  await ensureCluster(binaries, place, log);
  await notePlace(dataDir, place);

  async function launch(): Promise<Postmaster> {
    return (await adoptPostmaster(place)) ?? (await startPostmaster(binaries, place, await prepareSocketDir(place)));
  }

  const first = await launch();
  log.info({ pid: first.pid, adopted: first.adopted, directory: place.clusterDir }, "The embedded Postgres is ready");
  const supervised = supervise(first, launch, log);
  return {
    target: { socketDir: first.socketDir, user: clusterUser, database: "postgres" },
    pid: supervised.pid,
    adopted: first.adopted,
    stop: supervised.stop,
  };
}

/** Starts the server again whenever it ends unasked, first after 250 ms, then ever later up to 10 s. */
function supervise(
  first: Postmaster,
  launch: () => Promise<Postmaster>,
  log: StoreLog,
): { pid(): number; stop(): Promise<void> } {
  let current = first;
  let stopped: Promise<void> | undefined;
  const stopping = new AbortController();

  async function relaunch(): Promise<void> {
    log.error({ pid: current.pid }, "The embedded Postgres ended; starting it again");
    for (let delayMs = 250; !stopping.signal.aborted; delayMs = Math.min(delayMs * 2, maxRestartDelayMs)) {
      await wait(delayMs, undefined, { ref: false, signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      try {
        current = await launch();
        log.info({ pid: current.pid }, "The embedded Postgres is ready again");
        return;
      } catch (err) {
        log.error({ err }, "The embedded Postgres does not start");
      }
    }
  }

  let relaunching: Promise<void> = Promise.resolve();
  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await current.gone;
      if (stopping.signal.aborted) return;
      relaunching = relaunch();
      await relaunching;
    }
  }
  void watch();

  async function end(): Promise<void> {
    await relaunching;
    await stopPostmaster(current);
    // Empty now. It is made again at the next start, so that it may also stay.
    await rmdir(current.socketDir).catch(() => {});
  }

  return {
    pid: () => current.pid,
    stop() {
      stopping.abort();
      stopped ??= end();
      return stopped;
    },
  };
}
