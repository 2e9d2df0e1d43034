import assert from "node:assert/strict";
import { test } from "node:test";
import { createEnvironmentKeys, nameKey } from "./key-provider.ts";
import { createEnvelope, createPepper, nameContext } from "./sealing.ts";
import { createSealing } from "../../test/harness/one-key.ts";
import { createSecret } from "./secret-text.ts";

const secretKey = createSecret("a secret key of thirty-two letters");
const otherKey = createSecret("another secret key of thirty letters");
const place = nameContext("provider", "api_key_sealed", "prv_1");

test("opens what it sealed, and seals the same text differently each time", async () => {
  const sealing = createSealing(secretKey);
  const sealed = await sealing.seal(createSecret("sk-ünïcode"), place);
  assert.equal((await sealing.open(sealed, place)).reveal(), "sk-ünïcode");
  assert.equal((await createSealing(secretKey).open(sealed, place)).reveal(), "sk-ünïcode");
  assert.notEqual(await sealing.seal(createSecret("sk-ünïcode"), place), sealed);
  assert.ok(sealed.startsWith(`v2.${nameKey(secretKey)}.`));
});

test("does not open in another row, when damaged, or with another secret key, which is named", async () => {
  const sealing = createSealing(secretKey);
  const sealed = await sealing.seal(createSecret("sk"), place);
  await assert.rejects(sealing.open(sealed, nameContext("provider", "api_key_sealed", "prv_2")), {
    code: "internal",
    message: /damaged or belongs to something else/,
  });
  const damaged = sealed.slice(0, -3) + (sealed.endsWith("AAA") ? "BBB" : "AAA");
  await assert.rejects(sealing.open(damaged, place), { code: "internal" });
  await assert.rejects(sealing.open("v1.x.y.z", place), { code: "internal", message: /another version/ });
  await assert.rejects(createSealing(otherKey).open(sealed, place), {
    code: "internal",
    message: new RegExp(`the secret key ${nameKey(secretKey)}, and this router has ${nameKey(otherKey)}`),
  });
});

test("wraps a sealed text with another key without opening it, for the same place only", async () => {
  const ring = createEnvelope(createEnvironmentKeys(otherKey, [secretKey]), () => nameKey(otherKey));
  const sealed = await createSealing(secretKey).seal(createSecret("sk"), place);
  const again = await ring.rewrap(sealed, place, nameKey(otherKey));
  assert.equal(again.split(".")[3], sealed.split(".")[3], "the text itself is as it was");
  assert.equal((await createSealing(otherKey).open(again, place)).reveal(), "sk");
  await assert.rejects(createSealing(secretKey).open(again, place), /secret key/);
  await assert.rejects(ring.rewrap(sealed, "elsewhere", nameKey(otherKey)), /belongs to something else/);
});

test("keeps the pepper apart from the sealing key", () => {
  const pepper = createPepper(secretKey);
  assert.equal(pepper.hmac("a").length, 32);
  assert.deepEqual(pepper.hmac("a"), createPepper(secretKey).hmac("a"));
  assert.notEqual(pepper.id, nameKey(secretKey));
});
