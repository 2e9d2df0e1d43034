import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createBoundedMap } from "./bounded-map.ts";

test("an entry is forgotten at its time, and set anew it begins anew", () => {
  const map = createBoundedMap<string>({ maxEntries: 10, keepMs: 100 });
  map.set("a", "one", 0);
  assert.equal(map.get("a", 99), "one");
  assert.equal(map.get("a", 100), undefined);
  map.set("a", "two", 50);
  assert.equal(map.get("a", 149), "two");
});

test("the oldest goes when it is full, not the one used last", () => {
  const map = createBoundedMap<number>({ maxEntries: 2, keepMs: 100 });
  map.set("a", 1, 0);
  map.set("b", 2, 1);
  map.set("a", 1, 2);
  map.set("c", 3, 3);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => map.get(key, 3)),
    [1, undefined, 3],
  );
});

test("it never holds more than it may, nor anything too old after a new entry, and always the newest", () => {
  const steps = fc.array(fc.tuple(fc.nat(20), fc.nat(30)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (script) => {
      const map = createBoundedMap<number>({ maxEntries: 5, keepMs: 50 });
      const times = new Map<string, number>();
      let now = 0;
      for (const [key, pause] of script) {
        now += pause;
        map.set(`${key}`, now, now);
        times.set(`${key}`, now);
        assert.ok(map.size() <= 5);
        const young = [...times].filter(([, at]) => at + 50 > now).toSorted((a, b) => b[1] - a[1]);
        for (const [name, at] of times) if (at + 50 <= now) assert.equal(map.get(name, now), undefined);
        assert.ok(map.size() <= young.length);
        assert.equal(map.get(`${key}`, now), now);
      }
    }),
  );
});
