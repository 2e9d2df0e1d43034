import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findWindow } from "./windows.ts";

const at = (text: string): number => Date.parse(text);

test("a day, a week from Monday and a month begin at midnight UTC and end where the next begins", () => {
  const monday = findWindow("week", at("2026-11-29T23:59:59.999Z"));
  assert.deepEqual(monday, { startMs: at("2026-11-23T00:00:00Z"), endMs: at("2026-11-30T00:00:00Z") });
  assert.equal(findWindow("week", monday.endMs).startMs, monday.endMs);
  const day = findWindow("day", at("2026-11-23T12:00:00Z"));
  assert.deepEqual(day, { startMs: at("2026-11-23T00:00:00Z"), endMs: at("2026-11-24T00:00:00Z") });
  const february = findWindow("month", at("2028-02-29T23:59:59.999Z"));
  assert.deepEqual(february, { startMs: at("2028-02-01T00:00:00Z"), endMs: at("2028-03-01T00:00:00Z") });
  assert.equal(findWindow("month", at("2026-12-31T12:00:00Z")).endMs, at("2027-01-01T00:00:00Z"));
});

test("every moment is in exactly one window, and windows follow each other without a gap", () => {
  const moments = fc.integer({ min: 0, max: at("2100-01-01T00:00:00Z") });
  fc.assert(
    fc.property(moments, fc.constantFrom("day", "week", "month"), (now, window) => {
      const { startMs, endMs } = findWindow(window, now);
      assert.ok(startMs <= now && now < endMs);
      assert.deepEqual(findWindow(window, startMs), { startMs, endMs });
      assert.deepEqual(findWindow(window, endMs - 1), { startMs, endMs });
      assert.equal(findWindow(window, endMs).startMs, endMs);
    }),
  );
});
