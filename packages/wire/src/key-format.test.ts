import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createKeyText, maskKey, readKeyKind } from "./key-format.ts";

test("a new key has its prefix, 49 characters after it, and is never the same twice", () => {
  for (const kind of ["caller", "worker"] as const) {
    const keys = new Set(Array.from({ length: 200 }, () => createKeyText(kind)));
    assert.equal(keys.size, 200);
    for (const key of keys) {
      assert.match(key, kind === "caller" ? /^axk_[0-9A-Za-z]{49}$/ : /^axw_[0-9A-Za-z]{49}$/);
      assert.equal(readKeyKind(key), kind);
    }
  }
});

test("a mistyped character is found by the checksum, without asking a database", () => {
  const key = createKeyText("caller");
  fc.assert(
    fc.property(fc.integer({ min: 4, max: key.length - 1 }), fc.constantFrom(..."0aZ9q"), (position, letter) => {
      const typo = key.slice(0, position) + letter + key.slice(position + 1);
      assert.equal(readKeyKind(typo), typo === key ? "caller" : undefined);
    }),
  );
  assert.equal(readKeyKind(key.slice(0, -1)), undefined);
  assert.equal(readKeyKind(key.replace("axk_", "axw_")), undefined);
});

test("a masked key shows its beginning and end only", () => {
  assert.equal(maskKey("axk_0123456789abcdefWXYZ"), "axk_0123…WXYZ");
});
