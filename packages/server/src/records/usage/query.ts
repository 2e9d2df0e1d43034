// Answers questions about usage over time: which hours, days or months are meant, how much may be asked, and the parts put together.

import { AppError } from "@auxot/wire/errors";
import {
  maxUsagePoints,
  type UsageAnswer,
  type UsagePoint,
  type UsageQuestion,
  type UsageSums,
  type UsageTimes,
} from "@auxot/wire/operations/usage";
import { readPercentile } from "./histogram.ts";
import type { AskedGroups, GroupKey, SlotRow, TimesField, UsageQueryStore, UsageReader } from "./query-store.ts";
import type { VisibleUsage } from "./visible-usage.ts";

const defaultDays = 30;
const dayMs = 24 * 60 * 60 * 1000;
const maxOffset = 100_000;

/** Throws `invalid_request` for what cannot be asked, `no_capacity` for what takes too long. */
export async function answerUsage(
  store: UsageQueryStore,
  { from, to, bucket, groupBy, sort, limit, cursor, ...filters }: UsageQuestion,
  visible: VisibleUsage,
  now: Date,
): Promise<UsageAnswer> {
  const by = [...new Set(groupBy)];
  const range = findRange(from, to, bucket, now);
  checkSize(range, bucket, by.length === 0 ? 1 : limit);
  const asked: AskedGroups = { by, sort, limit: limit + 1, offset: readCursor(cursor) };
  const scope = { ...range, unit: bucket, filters, visible };
  try {
    return await store.read(scope, async (reader) => {
      const series = (await reader.readSeries()).map(toPoint);
      const found = by.length === 0 ? [] : await reader.readGroups(asked);
      const page = found.slice(0, limit);
      return {
        from: range.from.toISOString(),
        to: range.to.toISOString(),
        bucket,
        totals: { ...addUp(series), ...toTimes(await reader.readTimes()) },
        series,
        groups: await describeGroups(reader, by, page),
        nextCursor: found.length > limit ? writeCursor(asked.offset + limit) : null,
      };
    });
  } catch (cause) {
    throw explain(cause);
  }
}

async function describeGroups(
  reader: UsageReader,
  by: AskedGroups["by"],
  page: readonly (UsageSums & { readonly key: GroupKey })[],
): Promise<UsageAnswer["groups"]> {
  if (page.length === 0) return [];
  const keys = page.map(({ key }) => key);
  const points = Map.groupBy(await reader.readGroupSeries(by, keys), ({ place }) => place);
  const times = Map.groupBy(await reader.readGroupTimes(by, keys), ({ place }) => place);
  return page.map(({ key, ...sums }, place) => ({
    ...sums,
    ...toTimes(times.get(place) ?? []),
    group: Object.fromEntries(by.map((dimension, at) => [dimension, key[at] ?? null])),
    series: (points.get(place) ?? []).map(toPoint),
  }));
}

type Range = { readonly from: Date; readonly to: Date };

function findRange(from: string | undefined, to: string | undefined, unit: UsageQuestion["bucket"], now: Date): Range {
  const last = to === undefined ? now : new Date(to);
  const first = from === undefined ? new Date(last.getTime() - defaultDays * dayMs) : new Date(from);
  if (first >= last) throw new AppError("invalid_request", "from: must be earlier than to.", { param: "from" });
  const end = beginOf(last, unit);
  return { from: beginOf(first, unit), to: end < last ? beginOfNext(end, unit) : end };
}

function beginOf(moment: Date, unit: UsageQuestion["bucket"]): Date {
  const [year, month, day, hour] = [
    moment.getUTCFullYear(),
    moment.getUTCMonth(),
    moment.getUTCDate(),
    moment.getUTCHours(),
  ];
  if (unit === "month") return new Date(Date.UTC(year, month));
  return new Date(unit === "day" ? Date.UTC(year, month, day) : Date.UTC(year, month, day, hour));
}

function beginOfNext(begin: Date, unit: UsageQuestion["bucket"]): Date {
  if (unit === "month") return new Date(Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + 1));
  return new Date(begin.getTime() + (unit === "day" ? dayMs : dayMs / 24));
}

function checkSize({ from, to }: Range, unit: UsageQuestion["bucket"], groups: number): void {
  const unitMs = { hour: dayMs / 24, day: dayMs, month: 28 * dayMs }[unit];
  const buckets = Math.ceil((to.getTime() - from.getTime()) / unitMs);
  if (buckets * groups <= maxUsagePoints) return;
  throw new AppError(
    "invalid_request",
    `from: ${buckets} ${unit}s of ${groups} groups are too much at once, ${maxUsagePoints} points at most. ` +
      "Ask for a shorter time, a longer bucket or a lower limit.",
    { param: "from" },
  );
}

function toPoint({ at, ...sums }: UsageSums & { readonly at: Date }): UsagePoint {
  return { ...sums, at: at.toISOString() };
}

function addUp(points: readonly UsagePoint[]): UsageSums {
  const totals: UsageSums = {
    requests: 0,
    failedRequests: 0,
    cancelledRequests: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    costMicroUsd: 0,
    savedMicroUsd: 0,
    estimatedRequests: 0,
    unpricedRequests: 0,
    cacheHits: 0,
  };
  const names = Object.keys(totals) as (keyof UsageSums)[];
  for (const point of points) for (const name of names) totals[name] += point[name];
  return totals;
}

function toTimes(slots: readonly SlotRow[]): UsageTimes {
  const read = (wanted: TimesField): UsageTimes["queueMs"] => {
    const histogram = new Map(slots.filter(({ field }) => field === wanted).map(({ slot, n }) => [slot, n]));
    const [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map((share) => readPercentile(histogram, share));
    return { p50: p50 ?? null, p90: p90 ?? null, p95: p95 ?? null, p99: p99 ?? null };
  };
  return { queueMs: read("queue"), firstTokenMs: read("first_token"), totalMs: read("total") };
}

function writeCursor(offset: number): string {
  return Buffer.from(`groups ${offset}`).toString("base64url");
}

/** Groups are ordered by sums that change: a page begins after so many of them. */
function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const [, text] = /^groups (\d{1,6})$/.exec(Buffer.from(cursor, "base64url").toString("utf8")) ?? [];
  const offset = Number(text);
  if (text !== undefined && offset <= maxOffset) return offset;
  throw new AppError("invalid_request", "cursor: is none of this answer; take the nextCursor of the page before.", {
    param: "cursor",
  });
}

/** SQLSTATE 57014: stopped for taking too long. */
function explain(error: unknown): unknown {
  const isTimeout = error instanceof Error && "code" in error && error.code === "57014";
  if (!isTimeout) return error;
  return new AppError(
    "no_capacity",
    "This is too much usage to add up at once. Ask for a shorter time or fewer groups.",
    {
      cause: error,
    },
  );
}
