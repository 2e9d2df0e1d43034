import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createEnvironmentKeys, createFileKeys, nameKey, type KeyProvider } from "../../src/platform/key-provider.ts";
import { createReasoningTokens } from "../../src/platform/reasoning-tokens.ts";
import { nameContext } from "../../src/platform/sealing.ts";
import { createSecret } from "../../src/platform/secret-text.ts";
import { createSigner } from "../../src/platform/signer.ts";
import { workingKeyPurposes } from "../../src/platform/working-keys.ts";
import { deriveWorkingKeys } from "../harness/one-key.ts";
import { openKeyRing, type KeyRing } from "../../src/records/key-ring/key-ring.ts";
import { createKeyRingStore } from "../../src/records/key-ring/store.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { sealedColumns } from "../../src/store/sealed-columns.ts";
import { openTestDatabase } from "../harness/database.ts";
import { quietLog as log } from "../harness/quiet-log.ts";

const first = createSecret("a secret key of thirty-two letters");
const second = createSecret("another secret key of thirty-two letters");

async function setUp() {
  const database = await openTestDatabase();
  const directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const file = join(directory.path, "secret.key");
  await writeFile(file, first.reveal());
  const state = { now: Date.parse("2026-11-23T12:00:00Z") };
  const opened: KeyRing[] = [];
  return {
    database,
    file,
    state,
    async open(provider: KeyProvider = createFileKeys(file), on: Database = database, lostKeyId?: string) {
      const clock = { now: () => state.now };
      const ring = await openKeyRing({
        store: createKeyRingStore(on),
        provider,
        columns: sealedColumns,
        clock,
        log,
        lostKeyId,
      });
      opened.push(ring);
      return ring;
    },
    async [Symbol.asyncDispose]() {
      for (const ring of opened) await ring.close();
      await database.close();
      await directory.remove();
    },
  };
}

async function insertSecret({ sql }: Database, ring: KeyRing, number: number): Promise<void> {
  const id = `sec_${number}`;
  const sealed = await ring.sealing.seal(createSecret(`value ${number}`), nameContext("secret", "value_sealed", id));
  await sql`
    insert into secret (id, name, scope, scope_id, description, value_sealed, last4, version, created_at, updated_at, updated_by)
    values (${id}, ${id}, 'org', '', '', ${sealed}, '', 1, now(), now(), 'test')
    on conflict (id) do update set value_sealed = excluded.value_sealed`;
}

/** Opens every secret there is; how many. */
async function openAll({ sql }: Database, ring: KeyRing): Promise<number> {
  const rows = await sql<{ id: string; value_sealed: string }[]>`select id, value_sealed from secret`;
  for (const { id, value_sealed: sealed } of rows) {
    const text = await ring.sealing.open(sealed, nameContext("secret", "value_sealed", id));
    assert.equal(text.reveal(), `value ${id.slice(4)}`);
  }
  return rows.length;
}

test("a first start makes the key of the file current, and another start finds everything as it was", async () => {
  await using house = await setUp();
  const ring = await house.open();
  await insertSecret(house.database, ring, 1);
  const again = await house.open(createEnvironmentKeys(first));
  assert.equal(await openAll(house.database, again), 1);
  const { currentKeyId, keys, left } = await again.status();
  assert.equal(currentKeyId, nameKey(first));
  assert.deepEqual(
    keys.map(({ id, state, texts, available }) => ({ id, state, texts, available })),
    [{ id: nameKey(first), state: "current", texts: Object.keys(workingKeyPurposes).length + 1, available: true }],
  );
  assert.equal(left, 0);
  const derived = deriveWorkingKeys(first);
  assert.deepEqual(again.workingKeys.current("pepper").key, derived.current("pepper").key);
});

test("a router with another secret key does not start, and is told which key it lacks", async () => {
  await using house = await setUp();
  await house.open();
  await assert.rejects(house.open(createEnvironmentKeys(second)), {
    message:
      `What is sealed in the database is sealed with the secret key ${nameKey(first)}, and this router has ` +
      `${nameKey(second)} (AUXOT_SECRET_KEY and AUXOT_OLD_SECRET_KEYS). Start with that key. Only if it is lost for good: ` +
      `start once with AUXOT_FORGET_SECRET_KEY=${nameKey(first)}, which deletes all that is sealed with it.`,
  });
});

function signing({ workingKeys }: KeyRing) {
  return {
    current: () => workingKeys.current("audit-anchor"),
    all: () => workingKeys.all("audit-anchor"),
  };
}

test("what is sealed with a lost key is deleted when it is named, and nothing while its key is here", async () => {
  await using house = await setUp();
  const ring = await house.open();
  await insertSecret(house.database, ring, 1);
  const lost = nameKey(first);
  const again = await house.open(createFileKeys(house.file), house.database, lost);
  assert.equal(await openAll(house.database, again), 1);
  const next = await house.open(createEnvironmentKeys(second), house.database, lost);
  assert.equal(await openAll(house.database, next), 0);
  const { currentKeyId, keys } = await next.status();
  assert.deepEqual([currentKeyId, keys.length], [nameKey(second), 1]);
  assert.equal(next.workingKeys.current("pepper").id, `pepper-1-${nameKey(second)}`);
  const kept = createSigner(signing(ring)).sign("an anchor from before");
  const check = createSigner(signing(next)).check("an anchor from before", kept.keyId, kept.signature);
  assert.equal(check, "unknown-key", "it was no forgery");
});

test("a rotation seals everything anew, and only then may the old key be retired", async () => {
  await using house = await setUp();
  const ring = await house.open();
  for (let number = 1; number <= 250; number++) await insertSecret(house.database, ring, number);
  const old = (await ring.status()).currentKeyId;
  const { currentKeyId } = await ring.rotate();
  assert.notEqual(currentKeyId, old);
  await assert.rejects(ring.retire(currentKeyId), { code: "conflict", message: /Rotate first/ });
  await ring.reseal();
  assert.equal((await ring.status()).left, 0);
  await assert.rejects(ring.retire(old), { code: "conflict", message: /less than a minute ago/ });
  house.state.now += 60_000;
  await insertSecret(house.database, ring, 251);
  await ring.retire(old);
  assert.deepEqual(await createFileKeys(house.file).keyIds(), [currentKeyId]);
  assert.equal((await readFile(house.file, "utf8")).includes(first.reveal()), false);
  await assert.rejects(ring.retire(old), { code: "not_found" });
  assert.equal(await openAll(house.database, await house.open()), 251);
});

test("an old key is kept while a text under it cannot be sealed anew", async () => {
  await using house = await setUp();
  const ring = await house.open();
  await insertSecret(house.database, ring, 1);
  const old = (await ring.status()).currentKeyId;
  await house.database.sql`update secret set value_sealed = 'v2.' || ${old} || '.damaged.damaged'`;
  await ring.rotate();
  const result = await ring.reseal();
  assert.ok(result.failed >= 1);
  house.state.now += 60_000;
  await assert.rejects(ring.retire(old), { code: "conflict", message: /1 stored secrets are still sealed with it/ });
});

test("nobody is logged out and no conversation breaks: the pepper stays, old reasoning tokens open", async () => {
  await using house = await setUp();
  const ring = await house.open();
  const origin = { providerId: "prv_1", dialect: "anthropic-messages" } as const;
  const before = createReasoningTokens(ring.workingKeys);
  const token = before.seal({ signature: "proof" }, origin);
  const pepper = ring.workingKeys.current("pepper");
  await ring.rotate();
  await ring.reseal();
  house.state.now += 60_000;
  const old = (await ring.status()).keys.find(({ state }) => state === "previous");
  await ring.retire(old?.id ?? "");

  const later = await house.open();
  const after = createReasoningTokens(later.workingKeys);
  assert.deepEqual(after.open(token, origin), { signature: "proof" });
  assert.deepEqual(later.workingKeys.current("pepper").key, pepper.key);
  const fresh = after.seal({ signature: "proof" }, origin);
  assert.notEqual(fresh, token, "new ones are made with the new key");
  assert.match(later.workingKeys.current("audit-anchor").id, /^audit-anchor-2-/);
  assert.deepEqual(after.open(fresh, origin), { signature: "proof" });
});

test("no router uses a new working key before every router knows it", async () => {
  await using house = await setUp();
  const otherDatabase = await openDatabase(house.database.target, log);
  const [here, there] = [await house.open(), await house.open(createFileKeys(house.file), otherDatabase)];
  await here.rotate();
  const later = await house.open();
  assert.equal(later.workingKeys.current("reasoning").id, `reasoning-1-${nameKey(first)}`);
  assert.equal(later.workingKeys.all("reasoning").length, 2);
  house.state.now += 60_000;
  assert.match(later.workingKeys.current("reasoning").id, /^reasoning-2-/);
  await there.close();
  await otherDatabase.close();
});

test("keys of the environment are rotated by giving every router the new one first", async () => {
  await using house = await setUp();
  const ring = await house.open(createEnvironmentKeys(first));
  await insertSecret(house.database, ring, 1);
  await assert.rejects(ring.rotate(), { code: "conflict", message: /On every router set AUXOT_SECRET_KEY/ });
  const next = await house.open(createEnvironmentKeys(second, [first]));
  assert.equal((await next.status()).currentKeyId, nameKey(first), "nothing changes before the rotation");
  await next.rotate();
  await next.reseal();
  const { currentKeyId, left } = await next.status();
  assert.deepEqual({ currentKeyId, left }, { currentKeyId: nameKey(second), left: 0 });
  assert.equal(await openAll(house.database, await house.open(createEnvironmentKeys(second))), 1);
});

test("two routers that rotate at once lose nothing, and both seal with the last key", async () => {
  await using house = await setUp();
  const otherDatabase = await openDatabase(house.database.target, log);
  const [here, there] = [await house.open(), await house.open(createFileKeys(house.file), otherDatabase)];
  for (let number = 1; number <= 120; number++) await insertSecret(house.database, here, number);
  await Promise.all([here.rotate(), there.rotate()]);
  assert.equal((await createFileKeys(house.file).keyIds()).length, 3);
  const last = await house.open();
  await Promise.all([last.reseal(), here.reseal(), there.reseal()]);
  await last.reseal();
  assert.equal((await last.status()).left, 0);
  assert.equal(await openAll(house.database, last), 120);
  assert.equal(await openAll(house.database, there), 120);
  await there.close();
  await otherDatabase.close();
});

test("after kill -9 in the middle of a rotation under load every secret opens, and the rest is sealed anew", async () => {
  await using house = await setUp();
  const { database } = house;
  const ring = await house.open();
  const count = 2000;
  for (let number = 1; number <= count; number++) await insertSecret(database, ring, number);
  const old = (await ring.status()).currentKeyId;
  await ring.close();

  const script = join(import.meta.dirname, "../harness/rotate-keys.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(database.target), house.file]);
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  // Another router works on while the first one rotates.
  const other = await house.open();
  await other.close();
  let writes = 0;
  for (let left = count; left > count / 2; writes++) {
    await insertSecret(database, other, 1 + (writes % count));
    const [row] = await database.sql<{ left: number }[]>`
      select count(*) as left from secret where split_part(value_sealed, '.', 2) = ${old}`;
    left = row?.left ?? 0;
  }
  child.kill("SIGKILL");
  assert.equal((await ended)[1], "SIGKILL");
  const status = await other.status();
  assert.ok(status.left > 0, "it was killed in the middle");
  assert.equal(await openAll(database, other), count);

  const next = await house.open();
  await next.reseal();
  assert.equal((await next.status()).left, 0);
  house.state.now = Date.now() + 120_000;
  await next.retire(old);
  assert.equal(await openAll(database, await house.open()), count);
});

test("every column of a sealed text is in the list of those that a rotation seals anew", async () => {
  await using house = await setUp();
  const rows = await house.database.sql<{ place: string }[]>`
    select table_name || '.' || column_name as place from information_schema.columns
    where table_schema = 'public' and column_name like '%sealed'`;
  const listed = new Set(sealedColumns.map(({ table, column }) => `${table}.${column}`));
  for (const { place } of rows) assert.ok(listed.has(place), `${place} is missing in store/sealed-columns.ts`);
});
