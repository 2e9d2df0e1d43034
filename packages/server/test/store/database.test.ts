import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "../../src/store/database.ts";
import { openTestDatabase } from "../harness/database.ts";
import { quietLog } from "../harness/quiet-log.ts";

test("routers that start together on an empty database all come up", async () => {
  await using database = await openTestDatabase();
  assert.ok("socketDir" in database.target);
  await database.sql.unsafe("create database empty_one");
  const target = { ...database.target, database: "empty_one" };
  const opened = await Promise.all(Array.from({ length: 4 }, () => openDatabase(target, quietLog)));
  for (const one of opened) {
    assert.deepEqual([...(await one.sql`select count(*) as rows from usage_record`)], [{ rows: 0 }]);
    await one.close();
  }
});

test("a database that is not there is named without its password", async () => {
  const url = "postgres://ann:hunter22@127.0.0.1:1/auxot";
  await assert.rejects(openDatabase({ url }, quietLog, { waitMs: 0 }), (error: Error) => {
    assert.match(
      error.message,
      /^Cannot use the database at postgres:\/\/127\.0\.0\.1:1\/auxot: .*ECONNREFUSED.*AUXOT_DATABASE_URL/,
    );
    assert.doesNotMatch(error.message, /hunter22/);
    return true;
  });
});

test("a database that does not exist is said to be missing", async () => {
  await using database = await openTestDatabase();
  assert.ok("socketDir" in database.target);
  const target = { ...database.target, database: "nope" };
  await assert.rejects(openDatabase(target, quietLog), /database "nope" does not exist\. Create it/);
});

test("numbers that outgrow 32 bits come out as numbers", async () => {
  await using database = await openTestDatabase();
  assert.deepEqual(
    [...(await database.sql`select 9007199254740991::bigint as big`)],
    [{ big: Number.MAX_SAFE_INTEGER }],
  );
});
