// Opens what a router keeps: database, secret keys, stored responses.

import { join } from "node:path";
import type { Config } from "../config/settings.ts";
import { systemClock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { createEnvironmentKeys, createFileKeys } from "../platform/key-provider.ts";
import { openKeyRing, type KeyRing } from "../records/key-ring/key-ring.ts";
import { createKeyRingStore } from "../records/key-ring/store.ts";
import { createResponses, type Responses } from "../records/responses/responses.ts";
import { createResponseStore } from "../records/responses/store.ts";
import { openDatabase, type Database } from "../store/database.ts";
import { sealedColumns } from "../store/sealed-columns.ts";
import { startEmbeddedPostgres } from "../store/embedded-postgres/launcher.ts";

/** What was left running by a router that is gone has failed. An embedded database is this router's alone. */
export async function openResponses(database: Database, config: Config, log: Log): Promise<Responses> {
  const { retentionDays } = config.responses;
  const responses = createResponses({ store: createResponseStore(database), clock: systemClock, log, retentionDays });
  await responses.failAbandoned(config.databaseUrl === undefined);
  return responses;
}

export async function startStorage(
  config: Config,
  log: Log,
  cleanups: (() => Promise<void> | void)[],
): Promise<Database> {
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

export function openRing(database: Database, config: Config, log: Log): Promise<KeyRing> {
  const provider =
    config.secretKey === undefined
      ? createFileKeys(join(config.dataDir, "secret.key"))
      : createEnvironmentKeys(config.secretKey, config.oldSecretKeys);
  const store = createKeyRingStore(database);
  return openKeyRing({ store, provider, columns: sealedColumns, clock: systemClock, log, lostKeyId: config.lostKeyId });
}
