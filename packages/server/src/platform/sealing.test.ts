import assert from "node:assert/strict";
import { test } from "node:test";
import { createPepper, createSealing } from "./sealing.ts";
import { createSecret } from "./secret-text.ts";

const secretKey = createSecret("a secret key of thirty-two letters");

test("opens what it sealed, and seals the same text differently each time", () => {
  const sealing = createSealing(secretKey);
  const sealed = sealing.seal(createSecret("sk-ünïcode"), "prv_1");
  assert.equal(sealing.open(sealed, "prv_1").reveal(), "sk-ünïcode");
  assert.equal(createSealing(secretKey).open(sealed, "prv_1").reveal(), "sk-ünïcode");
  assert.notEqual(sealing.seal(createSecret("sk-ünïcode"), "prv_1"), sealed);
  assert.match(sealed, new RegExp(`^v1\\.${sealing.keyId}\\.`));
});

test("does not open for another provider, when damaged, or with another secret key", () => {
  const sealing = createSealing(secretKey);
  const sealed = sealing.seal(createSecret("sk"), "prv_1");
  assert.throws(() => sealing.open(sealed, "prv_2"), {
    code: "internal",
    message: /damaged or belongs to something else/,
  });
  const damaged = sealed.slice(0, -3) + (sealed.endsWith("AAA") ? "BBB" : "AAA");
  assert.throws(() => sealing.open(damaged, "prv_1"), { code: "internal" });
  assert.throws(() => sealing.open("v1.x", "prv_1"), { code: "internal" });
  const other = createSealing(createSecret("another secret key of thirty letters"));
  assert.throws(() => other.open(sealed, "prv_1"), {
    code: "internal",
    message: /another secret key.*AUXOT_SECRET_KEY/,
  });
});

test("keeps the pepper apart from the sealing key", () => {
  const pepper = createPepper(secretKey);
  assert.equal(pepper.hmac("a").length, 32);
  assert.deepEqual(pepper.hmac("a"), createPepper(secretKey).hmac("a"));
  assert.notEqual(pepper.id, createSealing(secretKey).keyId);
});
