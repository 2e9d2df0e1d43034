// Owns the database of tests: one embedded cluster a process, one fresh migrated database a call.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { openDatabase, type Database, type DatabaseTarget } from "../../src/store/database.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/store/embedded-postgres/launcher.ts";
import { quietLog } from "./quiet-log.ts";

export type TestDatabase = Database & AsyncDisposable & { readonly target: DatabaseTarget };

type Cluster = { readonly directory: string; readonly postgres: EmbeddedPostgres; readonly template: Database };

const templateName = "auxot_template";
let starting: Promise<Cluster> | undefined;
let made = 0;

/** A database of its own for `await using`. The first call in a process takes about a second. */
export async function openTestDatabase(): Promise<TestDatabase> {
  starting ??= startCluster();
  const { postgres, template } = await starting;
  const name = `test_${++made}`;
  await template.sql.unsafe(`create database ${name} template ${templateName}`);
  const target = { ...postgres.target, database: name };
  const database = await openDatabase(target, quietLog);
  return { ...database, target, [Symbol.asyncDispose]: () => database.close() };
}

async function startCluster(): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), "auxot-test-"));
  const postgres = await startEmbeddedPostgres({ dataDir: directory, log: quietLog });
  const maintenance = await openDatabase(postgres.target, quietLog, { maxConnections: 1 });
  await maintenance.sql.unsafe(`create database ${templateName}`);
  await (await openDatabase({ ...postgres.target, database: templateName }, quietLog)).close();
  return { directory, postgres, template: maintenance };
}

after(async () => {
  if (starting === undefined) return;
  const { directory, postgres, template } = await starting;
  await template.close();
  await postgres.stop();
  await rm(directory, { recursive: true });
});
