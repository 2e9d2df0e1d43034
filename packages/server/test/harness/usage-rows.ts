// Reads the usage rows a test router left behind.

import { openDatabase } from "../../src/store/database.ts";
import { startEmbeddedPostgres } from "../../src/store/embedded-postgres/launcher.ts";
import { quietLog } from "./quiet-log.ts";

/** Every usage row of a router that has stopped, oldest first. */
export async function readUsageRows(dataDir: string): Promise<Record<string, unknown>[]> {
  const postgres = await startEmbeddedPostgres({ dataDir, log: quietLog });
  const database = await openDatabase(postgres.target, quietLog);
  const rows = await database.sql`select * from usage_record order by at`;
  await database.close();
  await postgres.stop();
  return rows.map((row) => ({ ...row }));
}
