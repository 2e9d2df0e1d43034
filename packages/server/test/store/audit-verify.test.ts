import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hashEntry, type AuditRow } from "../../src/records/audit/chain.ts";
import { cutOld } from "../../src/records/audit/retention.ts";
import { createTestAudit, entryOf } from "../harness/audit.ts";
import { openTestDatabase } from "../harness/database.ts";

async function setUp(entries: number) {
  const database = await openTestDatabase();
  const directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const audit = createTestAudit(database, directory.path);
  await audit.append(Array.from({ length: entries }, (_, at) => entryOf(`k${at + 1}`)));
  return {
    database,
    directory: directory.path,
    ...audit,
    async [Symbol.asyncDispose]() {
      await database.close();
      await directory.remove();
    },
  };
}

/** What somebody would do who knows how the chain is made: new hashes for all that follows. */
async function rehash(house: Awaited<ReturnType<typeof setUp>>, firstSeq: number): Promise<void> {
  const rows: readonly AuditRow[] = await house.store.readAfter(0, 1000);
  let hash = rows.find((row) => row.seq === firstSeq - 1)?.hash ?? "0".repeat(64);
  for (const { hash: _, ...content } of rows.filter((row) => row.seq >= firstSeq)) {
    hash = hashEntry(hash, content);
    await house.tamper(`update audit_entry set hash = '\\x${hash}' where seq = ${content.seq}`);
  }
  await house.tamper(`update audit_head set hash = '\\x${hash}', seq = (select max(seq) from audit_entry)`);
}

test("proves an empty log, and one longer than a batch", async () => {
  await using house = await setUp(0);
  assert.equal((await house.verify()).ok, true);
  await house.append(Array.from({ length: 2500 }, (_, at) => entryOf(`k${at}`)));
  await house.anchors.mark();
  const proof = await house.verify();
  assert.deepEqual(proof, {
    ok: true,
    entries: 2500,
    firstSeq: 1,
    lastSeq: 2500,
    problem: null,
    anchors: { good: 2, unknownKey: 0 },
  });
});

const tamperings: readonly (readonly [what: string, sql: string, seq: number, kind: string])[] = [
  ["an edited entry", "update audit_entry set actor_name = 'Eve' where seq = 4", 4, "changed"],
  ["an edited time", "update audit_entry set at = at + interval '1 ms' where seq = 4", 4, "changed"],
  ["a change taken out", `update audit_entry set "after" = null where seq = 4`, 4, "changed"],
  ["a deleted entry", "delete from audit_entry where seq = 4", 4, "missing"],
  ["a deleted beginning", "delete from audit_entry where seq < 4", 1, "missing"],
  [
    "two entries in another order",
    "update audit_entry set seq = 99 where seq = 4; update audit_entry set seq = 4 where seq = 5; update audit_entry set seq = 5 where seq = 99",
    4,
    "changed",
  ],
  [
    "an entry put in",
    "update audit_entry set seq = seq + 1000 where seq > 3; update audit_entry set seq = seq - 999 where seq > 1000;" +
      `insert into audit_entry select 4, 'aud_x', at, actor_type, actor_id, actor_name, key_id, action, target_kind, target_id,
       target_name, outcome, reason, face, ip, user_agent, request_id, "before", "after", hash from audit_entry where seq = 3`,
    4,
    "changed",
  ],
  ["a cut tail", "delete from audit_entry where seq > 7", 8, "missing"],
  [
    "a deletion dressed as retention",
    "update audit_head set cut_seq = 4, cut_hash = (select hash from audit_entry where seq = 4); delete from audit_entry where seq <= 4",
    1,
    "missing",
  ],
  [
    "the same, signed with a key that is said to be gone",
    `insert into audit_anchor select 'cut', 4, encode(hash, 'hex'), now(), 'gone', 'x' from audit_entry where seq = 4;
     update audit_head set cut_seq = 4, cut_hash = (select hash from audit_entry where seq = 4); delete from audit_entry where seq <= 4`,
    1,
    "missing",
  ],
  [
    "the same, beside any anchor of such a key",
    `insert into audit_anchor values ('mark', 3, 'x', now(), 'gone', 'x');
     update audit_head set cut_seq = 4, cut_hash = (select hash from audit_entry where seq = 4); delete from audit_entry where seq <= 4`,
    1,
    "missing",
  ],
];

for (const [what, sql, seq, kind] of tamperings) {
  test(`names the first broken entry of a log with ${what}`, async () => {
    await using house = await setUp(10);
    await house.anchors.mark();
    await house.tamper(sql);
    const { ok, problem } = await house.verify();
    assert.equal(ok, false);
    assert.deepEqual({ seq: problem?.seq, kind: problem?.kind }, { seq, kind }, String(problem?.message));
  });
}

test("an anchor tells when the tail was cut and the head set back with it, also from its file alone", async () => {
  await using house = await setUp(10);
  await house.anchors.mark();
  await house.tamper("delete from audit_entry where seq > 7");
  await rehash(house, 1);
  assert.deepEqual((await house.verify()).problem, {
    seq: 8,
    kind: "cut-off",
    message:
      "Entries 8 to 10 are missing: the log had 10 entries at 2026-11-23T13:00:00.000Z, and its end was cut off.",
  });
  await house.tamper("delete from audit_anchor");
  assert.equal((await house.verify()).problem?.kind, "cut-off");
  await rm(house.file);
  assert.equal((await house.verify()).ok, true, "nothing is left that could tell");
});

test("an anchor tells when the log was written anew with fitting hashes", async () => {
  await using house = await setUp(10);
  await house.anchors.mark();
  await house.tamper("update audit_entry set actor_name = 'Eve' where seq = 4");
  await rehash(house, 4);
  assert.equal((await house.verify()).problem?.kind, "rewritten");
});

test("takes no anchor that it has not signed, and counts those of a key that is gone", async () => {
  await using house = await setUp(10);
  await house.anchors.mark();
  const other = createTestAudit(house.database, house.directory, "newer");
  assert.deepEqual((await other.verify()).anchors, { good: 0, unknownKey: 2 });
  await writeFile(house.file, (await readFile(house.file, "utf8")).replace('"seq":10', '"seq":3') + "no anchor\n");
  assert.equal((await house.verify()).problem?.kind, "forged-anchor");
});

test("tells of an entry behind the end, while entries added meanwhile are none", async () => {
  await using house = await setUp(10);
  const [proof] = await Promise.all([house.verify(), house.append(entryOf("meanwhile"))]);
  assert.equal(proof.ok, true);
  await house.tamper(
    `insert into audit_entry select 12, 'aud_x', at, actor_type, actor_id, actor_name, key_id, action, target_kind, target_id,
     target_name, outcome, reason, face, ip, user_agent, request_id, "before", "after", hash from audit_entry where seq = 3`,
  );
  assert.equal((await house.verify()).problem?.kind, "surplus");
});

test("what is left after old entries were cut off can be proved, in bounded steps, and the cut is an entry itself", async () => {
  await using house = await setUp(10);
  await house.append([entryOf("young", { at: new Date("2026-11-23T12:59:00Z") })]);
  const old = house.clock.now() + 24 * 60 * 60 * 1000 - 30 * 60 * 1000;
  const deps = { ...house, clock: { now: () => old } };
  assert.equal(await cutOld(deps, 1, 4), 4);
  assert.equal((await house.verify()).ok, true);
  assert.equal(await cutOld(deps, 1, 4), 4);
  assert.equal(await cutOld(deps, 1, 4), 2);
  assert.equal(await cutOld(deps, 1, 4), 0);
  const proof = await house.verify();
  assert.equal(proof.ok, true, String(proof.problem?.message));
  assert.equal(proof.firstSeq, 11);
  const { items } = await house.store.list({ action: "audit.cut" }, { sort: "-seq", limit: 10 });
  assert.deepEqual(
    items.map((row) => row.after),
    [
      '{"deleted":2,"olderThanDays":1,"throughSeq":10}',
      '{"deleted":4,"olderThanDays":1,"throughSeq":8}',
      '{"deleted":4,"olderThanDays":1,"throughSeq":4}',
    ],
  );
  await house.tamper("update audit_entry set actor_name = 'Eve' where seq = 11");
  assert.equal((await house.verify()).problem?.seq, 11);
});
