import assert from "node:assert/strict";
import { mkdtempDisposable, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ensureSecretKey } from "./secret-file.ts";

test("makes one secret key, whoever starts first, that only its owner may read", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const dataDir = join(directory.path, "new");
  const keys = await Promise.all(Array.from({ length: 8 }, () => ensureSecretKey(dataDir)));
  assert.equal(new Set(keys.map((key) => key.reveal())).size, 1);
  assert.ok((keys[0]?.reveal().length ?? 0) >= 32);
  assert.deepEqual(await readdir(dataDir), ["secret.key"]);
  assert.equal((await stat(join(dataDir, "secret.key"))).mode & 0o777, 0o600);
});
