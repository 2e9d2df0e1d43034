// A process that holds a data directory as the router does: lock, embedded Postgres, tables. For the launcher's tests.
// Says what it is doing on stdout, one JSON line; ends cleanly when stdin ends.

import { acquireDataDirLock } from "../../src/store/data-dir-lock.ts";
import { openDatabase } from "../../src/store/database.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded-postgres/launcher.ts";
import { quietLog } from "./quiet-log.ts";

const [dataDir = "", outsideDir = ""] = process.argv.slice(2);

try {
  const lock = await acquireDataDirLock(dataDir);
  const postgres = await startEmbeddedPostgres({
    dataDir,
    log: quietLog,
    ...(outsideDir === "" ? {} : { outsideDir }),
  });
  const database = await openDatabase(postgres.target, quietLog);
  await database.sql`insert into provider (id, name, kind, origin) values (${`prv_${process.pid}`}, ${`p${process.pid}`}, 'gpu', 'system')`;
  const [row] = await database.sql<{ count: number }[]>`select count(*) from provider`;
  process.stdout.write(
    `${JSON.stringify({ postgresPid: postgres.pid(), adopted: postgres.adopted, rows: row?.count })}\n`,
  );
  for await (const _ of process.stdin);
  await database.close();
  await postgres.stop();
  await lock.release();
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
}
