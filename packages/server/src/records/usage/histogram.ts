// Times as counts in buckets that are the same everywhere, so that those of any rows and roll-ups can be added up. Pure.

/** Buckets each time the value doubles. SQL does the same sum: `bucketOf` in rollup-store.ts. */
export const bucketsPerDoubling = 8;

/** How far a percentile can be off: half a bucket, in proportion, and half a millisecond of rounding. */
export const largestError = 2 ** (0.5 / bucketsPerDoubling) - 1;

/** The bucket of a time: 0 up to 1 ms, then the lowest b with ms <= 2 ** (b / 8). */
export function findBucket(ms: number): number {
  return Math.ceil((bucketsPerDoubling * Math.log(Math.max(ms, 1))) / Math.log(2));
}

/** How many requests (value) fell into a bucket (key). */
export type Histogram = ReadonlyMap<number, number>;

/** The time that `share` (0 to 1) of the requests took at most, in whole milliseconds; null without any. */
export function readPercentile(histogram: Histogram, share: number): number | null {
  let total = 0;
  for (const count of histogram.values()) total += count;
  if (total === 0) return null;
  const wanted = Math.max(1, Math.ceil(share * total));
  let seen = 0;
  for (const [bucket, count] of [...histogram].toSorted(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= wanted) return readMiddle(bucket);
  }
  return null;
}

/** In the middle by proportion: as far from either end. */
function readMiddle(bucket: number): number {
  return bucket === 0 ? 1 : Math.round(2 ** ((bucket - 0.5) / bucketsPerDoubling));
}
