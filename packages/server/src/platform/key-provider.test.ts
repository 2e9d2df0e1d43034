import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createEnvironmentKeys, createFileKeys, nameKey } from "./key-provider.ts";
import { createSecret } from "./secret-text.ts";

const first = createSecret("a secret key of thirty-two letters");
const second = createSecret("another secret key of thirty-two letters");

test("makes one secret key, whoever starts first, that only its owner may read", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const file = join(directory.path, "new", "secret.key");
  const ids = await Promise.all(Array.from({ length: 8 }, () => createFileKeys(file).currentKeyId()));
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(await readdir(join(directory.path, "new")), ["secret.key"]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test("adds keys to its file, opens with all of them, and finds those that another router added", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const file = join(directory.path, "secret.key");
  const [here, there] = [createFileKeys(file), createFileKeys(file)];
  const old = await here.currentKeyId();
  const dataKey = randomBytes(32);
  const wrapped = await there.wrap(old, dataKey, "context");
  const added = await here.addKey();
  assert.equal(await here.currentKeyId(), added);
  assert.deepEqual(await here.keyIds(), [old, added]);
  assert.deepEqual(await here.unwrap(old, wrapped, "context"), dataKey);
  assert.deepEqual(await there.unwrap(added, await here.wrap(added, dataKey, "context"), "context"), dataKey);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await here.removeKey(old), "removed");
  assert.deepEqual(await createFileKeys(file).keyIds(), [added]);
  await assert.rejects(here.removeKey(added), /last secret key is never removed/);
});

test("takes the file of an earlier version, and says so when it is empty", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const file = join(directory.path, "secret.key");
  await writeFile(file, `${first.reveal()}\n`);
  assert.deepEqual(await createFileKeys(file).keyIds(), [nameKey(first)]);
  await writeFile(file, "\n");
  await assert.rejects(createFileKeys(file).keyIds(), /is empty\. Restore it or delete it\./);
  assert.equal(await readFile(file, "utf8"), "\n");
});

test("uses the keys of the environment, the first for new values, and tells how to bring another", async () => {
  const keys = createEnvironmentKeys(second, [first, second]);
  assert.deepEqual(await keys.keyIds(), [nameKey(first), nameKey(second)]);
  assert.equal(await keys.currentKeyId(), nameKey(second));
  await assert.rejects(keys.addKey(), { code: "conflict", message: /AUXOT_OLD_SECRET_KEYS/ });
  assert.equal(await keys.removeKey(nameKey(first)), "kept elsewhere");
});

test("names the key that is missing and those there are", async () => {
  const keys = createEnvironmentKeys(first);
  const wrapped = await createEnvironmentKeys(second).wrap(nameKey(second), randomBytes(32), "context");
  await assert.rejects(keys.unwrap(nameKey(second), wrapped, "context"), {
    code: "internal",
    message:
      `A stored secret was sealed with the secret key ${nameKey(second)}, and this router has ${nameKey(first)} ` +
      "(AUXOT_SECRET_KEY and AUXOT_OLD_SECRET_KEYS). Give it that key too.",
  });
});
