// What every part is wired with: configuration, clock, log, the database and the secret keys.

import { join } from "node:path";
import type { Config } from "../config/settings.ts";
import { systemClock, type Clock } from "../platform/clock.ts";
import { createEnvironmentKeys, createFileKeys } from "../platform/key-provider.ts";
import type { Log } from "../platform/log.ts";
import { createPepper, type Pepper } from "../platform/sealing.ts";
import { openKeyRing, type KeyRing } from "../records/key-ring/key-ring.ts";
import { createKeyRingStore } from "../records/key-ring/store.ts";
import { acquireDataDirLock } from "../store/data-dir-lock.ts";
import { openDatabase, type Database } from "../store/database.ts";
import { startEmbeddedPostgres } from "../store/embedded-postgres/launcher.ts";
import { sealedColumns } from "../store/sealed-columns.ts";

/** Runs at the stop; what was deferred last runs first. */
export type Defer = (cleanup: () => Promise<void> | void) => void;

export type Foundation = {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly defer: Defer;
  readonly database: Database;
  readonly ring: KeyRing;
  readonly pepper: Pepper;
  /** Nobody else uses the database: it is the embedded one. */
  readonly alone: boolean;
};

/** Throws an Error for the operator: a data directory in use, a database away, a secret key that is not here. */
export async function openFoundation(config: Config, log: Log, defer: Defer): Promise<Foundation> {
  const lock = await acquireDataDirLock(config.dataDir);
  defer(() => lock.release());
  const database = await startStorage(config, log, defer);
  const ring = await openRing(database, config, log);
  defer(() => ring.close());
  const pepper = createPepper(ring.workingKeys.current("pepper").key);
  return { config, clock: systemClock, log, defer, database, ring, pepper, alone: config.databaseUrl === undefined };
}

async function startStorage(config: Config, log: Log, defer: Defer): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const database = await openDatabase({ url: config.databaseUrl.reveal() }, log);
    defer(() => database.close());
    return database;
  }
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  defer(() => postgres.stop());
  const database = await openDatabase(postgres.target, log);
  defer(() => database.close());
  return database;
}

function openRing(database: Database, config: Config, log: Log): Promise<KeyRing> {
  const provider =
    config.secretKey === undefined
      ? createFileKeys(join(config.dataDir, "secret.key"))
      : createEnvironmentKeys(config.secretKey, config.oldSecretKeys);
  const store = createKeyRingStore(database);
  return openKeyRing({ store, provider, columns: sealedColumns, clock: systemClock, log, lostKeyId: config.lostKeyId });
}
