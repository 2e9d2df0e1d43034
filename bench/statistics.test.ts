import assert from "node:assert/strict";
import { test } from "node:test";
import { findMedian, findPercentile } from "./statistics.ts";

test("a percentile is one of the values, by nearest rank, whatever their order", () => {
  const values = [5, 1, 4, 2, 3];
  assert.equal(findPercentile(values, 0), 1);
  assert.equal(findPercentile(values, 0.2), 1);
  assert.equal(findPercentile(values, 0.5), 3);
  assert.equal(findPercentile(values, 0.99), 5);
  assert.equal(findPercentile(values, 1), 5);
  assert.equal(findPercentile([10, 9], 0.5), 9);
});

test("a median of an even count is the mean of the middle two", () => {
  assert.equal(findMedian([3, 1, 2]), 2);
  assert.equal(findMedian([4, 1, 2, 3]), 2.5);
  assert.equal(findMedian([7]), 7);
});

test("nothing has no median and no percentile", () => {
  assert.equal(findMedian([]), Number.NaN);
  assert.equal(findPercentile([], 0.5), Number.NaN);
});
