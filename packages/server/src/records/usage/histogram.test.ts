import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { findBucket, largestError, readPercentile } from "./histogram.ts";

function count(times: readonly number[]): Map<number, number> {
  const histogram = new Map<number, number>();
  for (const ms of times) histogram.set(findBucket(ms), (histogram.get(findBucket(ms)) ?? 0) + 1);
  return histogram;
}

describe("percentiles of times", () => {
  it("are within 4.5 % and half a millisecond of the true ones, however the times lie", () => {
    const times = fc.array(fc.integer({ min: 0, max: 86_400_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(share * all.length)) - 1] ?? 0;
        const found = readPercentile(count(all), share) ?? -1;
        assert.ok(Math.abs(found - exact) <= Math.max(1, exact * largestError * 1.001 + 0.5), `${found} for ${exact}`);
      }),
      { numRuns: 500 },
    );
    assert.ok(largestError < 0.045);
  });

  it("are the same whether the times are counted together or apart and added up", () => {
    const times = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 50 });
    fc.assert(
      fc.property(times, times, (a, b) => {
        const sum = count(a);
        for (const [bucket, one] of count(b)) sum.set(bucket, (sum.get(bucket) ?? 0) + one);
        assert.equal(readPercentile(sum, 0.95), readPercentile(count([...a, ...b]), 0.95));
      }),
    );
  });

  it("are nothing without requests", () => {
    assert.equal(readPercentile(new Map(), 0.5), null);
  });
});
