import assert from "node:assert/strict";
import { test } from "node:test";
import { appendAudit } from "../../src/records/audit/append-store.ts";
import { openDatabase } from "../../src/store/database.ts";
import { entryOf } from "../harness/audit.ts";
import { openTestDatabase } from "../harness/database.ts";
import { quietLog } from "../harness/quiet-log.ts";

test("numbers entries without gaps, though 40 are added at once by two routers", async () => {
  await using database = await openTestDatabase();
  const other = await openDatabase(database.target, quietLog);
  await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      (at % 2 === 0 ? database : other).db.transaction((tx) => appendAudit(tx, entryOf(`k${at}`))),
    ),
  );
  await other.close();
  const rows = await database.sql<{ seq: number }[]>`select seq from audit_entry order by seq`;
  assert.deepEqual(
    rows.map((row) => row.seq),
    Array.from({ length: 40 }, (_, at) => at + 1),
  );
});

test("keeps no entry of a transaction that is rolled back, and leaves no gap for it", async () => {
  await using database = await openTestDatabase();
  await assert.rejects(
    database.db.transaction(async (tx) => {
      await appendAudit(tx, entryOf("lost"));
      throw new Error("rolled back");
    }),
    /rolled back/,
  );
  await database.db.transaction((tx) => appendAudit(tx, [entryOf("first"), entryOf("second")]));
  const rows = await database.sql<{ seq: number; target_name: string }[]>`
    select seq, target_name from audit_entry order by seq`;
  assert.deepEqual(
    rows.map((row) => `${row.seq} ${row.target_name}`),
    ["1 first", "2 second"],
  );
});

test("takes any text, and keeps only size and hash of a change that is too large", async () => {
  await using database = await openTestDatabase();
  await database.db.transaction((tx) =>
    appendAudit(tx, [
      entryOf("nul \0 and half \ud800 a pair", { userAgent: "x".repeat(10_000), after: { text: "\0\ud800" } }),
      entryOf("large", { after: { text: "x".repeat(70_000) } }),
    ]),
  );
  const rows = await database.sql<{ target_name: string; size: number; after: string }[]>`
    select target_name, length(user_agent) as size, "after" from audit_entry order by seq`;
  assert.equal(rows[0]?.target_name, "nul  and half \ufffd a pair");
  assert.equal(rows[0].size, 500);
  assert.deepEqual(JSON.parse(rows[0].after), { text: "\0\ud800" });
  assert.equal((JSON.parse(rows[1]?.after ?? "") as { sizeBytes: number }).sizeBytes, 70_011);
});

test("the database itself refuses to change, delete or empty the log", async () => {
  await using database = await openTestDatabase();
  await database.db.transaction((tx) => appendAudit(tx, [entryOf("a"), entryOf("b")]));
  const { sql } = database;
  for (const statement of [
    "update audit_entry set actor_name = 'Eve'",
    "delete from audit_entry where seq = 2",
    "truncate audit_entry",
    "update audit_head set seq = 1",
    "update audit_head set cut_seq = 3",
    "delete from audit_head",
    "truncate audit_head",
  ]) {
    await assert.rejects(sql.unsafe(statement), /never changed or deleted|only moves on/, statement);
  }
  const [count] = await sql<{ count: number }[]>`select count(*) from audit_entry`;
  assert.equal(count?.count, 2);
});
