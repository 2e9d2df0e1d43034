// A router that rotates the secret key of a database and does nothing else, in a process of its own: for tests that kill it.
// Arguments: the database target as JSON, the key file. Says "rotated" on stdout before it seals anything anew.

import { systemClock } from "../../src/platform/clock.ts";
import { createFileKeys } from "../../src/platform/key-provider.ts";
import { openKeyRing } from "../../src/records/key-ring/key-ring.ts";
import { createKeyRingStore } from "../../src/records/key-ring/store.ts";
import { openDatabase, type DatabaseTarget } from "../../src/store/database.ts";
import { sealedColumns } from "../../src/store/sealed-columns.ts";
import { quietLog } from "./quiet-log.ts";

const [target = "", file = ""] = process.argv.slice(2);
const database = await openDatabase(JSON.parse(target) as DatabaseTarget, quietLog);
const ring = await openKeyRing({
  store: createKeyRingStore(database),
  provider: createFileKeys(file),
  columns: sealedColumns,
  clock: systemClock,
  log: quietLog,
});
await ring.rotate();
process.stdout.write("rotated\n");
await ring.reseal();
await ring.close();
await database.close();
