// Shows sums over usage: one table with its total, and the times in a sentence.

import type { UsageAnswer, UsageRecordView, UsageSums, UsageTimes } from "@auxot/wire/operations/usage";
import { formatCell, formatDuration, formatMoney } from "./cells.ts";
import { column, type Column } from "./column.ts";
import { renderTable } from "./table.ts";

/** By group where the question divides, by hour, day or month otherwise. */
export function renderUsage(answer: UsageAnswer): string {
  const { bucket, groups, series, totals } = answer;
  const period = `Usage from ${formatMoment(answer.from)} to ${formatMoment(answer.to)}, in UTC`;
  if (totals.requests === 0) return `${period}: no request fits.\n`;
  const dimensions = Object.keys(groups[0]?.group ?? {}) as (keyof UsageAnswer["groups"][number]["group"])[];
  const isDivided = dimensions.length > 0;
  const heads = isDivided ? dimensions.map((name) => name.toUpperCase()) : [bucket.toUpperCase()];
  const rows = isDivided
    ? groups.map((group) => [...dimensions.map((name) => group.group[name] ?? "-"), ...toCells(group)])
    : series.map((point) => [formatPoint(point.at, bucket), ...toCells(point)]);
  const total = ["total", ...heads.slice(1).map(() => ""), ...toCells(totals)];
  const table = renderTable([...heads, ...numberHeads], [...rows, total], heads.length);
  return [`${period}\n\n`, table, "\n", ...explainTotals(totals).map((line) => `${line}\n`), ...tellMore(answer)].join(
    "",
  );
}

const numberHeads = ["REQUESTS", "FAILED", "INPUT", "OUTPUT", "COST", "SAVED"];

function toCells(sums: UsageSums): readonly string[] {
  const { requests, failedRequests, inputTokens, outputTokens, costMicroUsd, savedMicroUsd } = sums;
  const counts = [requests, failedRequests, inputTokens, outputTokens].map((count) => count.toLocaleString("en"));
  return [...counts, formatMoney(costMicroUsd), formatMoney(savedMicroUsd)];
}

function explainTotals(totals: UsageAnswer["totals"]): readonly string[] {
  const { unpricedRequests, estimatedRequests, cachedInputTokens, inputTokens, cacheHits } = totals;
  return [
    explainTimes(totals),
    ...(cacheHits > 0
      ? [
          `${share(cachedInputTokens, inputTokens)} of the input tokens came from a prompt cache, in ${count(cacheHits)}.`,
        ]
      : []),
    ...(unpricedRequests > 0 ? [`Nobody knows the price of ${count(unpricedRequests)}: not in the cost.`] : []),
    ...(estimatedRequests > 0 ? [`The tokens of ${count(estimatedRequests)} are an estimate.`] : []),
  ];
}

function explainTimes({ queueMs, firstTokenMs, totalMs }: UsageTimes): string {
  const parts = [
    sayTimes("waiting", queueMs),
    sayTimes("first token", firstTokenMs),
    sayTimes("whole answer", totalMs),
  ];
  return `Half / 95 % of them took at most: ${parts.flat().join(", ")}.`;
}

function sayTimes(name: string, { p50, p95 }: UsageTimes["queueMs"]): string | [] {
  return p50 === null || p95 === null ? [] : `${name} ${formatDuration(p50)} / ${formatDuration(p95)}`;
}

function tellMore({ groups, nextCursor }: UsageAnswer): readonly string[] {
  return [
    ...(groups.length > 0 ? ["--json has each group over time, and all percentiles.\n"] : []),
    ...(nextCursor === null ? [] : [`There are more groups: --cursor ${nextCursor}\n`]),
  ];
}

function count(requests: number): string {
  return requests === 1 ? "1 request" : `${requests.toLocaleString("en")} requests`;
}

function share(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`;
}

function formatMoment(at: string): string {
  return formatCell("at", at).replace(/ 00:00$/, "");
}

function formatPoint(at: string, bucket: UsageAnswer["bucket"]): string {
  const lengths = { hour: 16, day: 10, month: 7 } as const;
  return formatCell("at", at).slice(0, lengths[bucket]);
}

export const usageRecordColumns: readonly Column[] = [
  column("AT", (record: UsageRecordView) => formatCell("at", record.at)),
  column("KEY", (record: UsageRecordView) => formatCell("name", record.keyName)),
  column("MODEL", (record: UsageRecordView) => formatCell("model", record.model ?? record.requestedModel)),
  column("FROM", (record: UsageRecordView) => formatCell("provider", record.worker ?? record.provider)),
  column("INPUT", (record: UsageRecordView) => record.inputTokens.toLocaleString("en")),
  column("OUTPUT", (record: UsageRecordView) => record.outputTokens.toLocaleString("en")),
  column("COST", (record: UsageRecordView) => formatCell("costMicroUsd", record.costMicroUsd)),
  column("TOOK", (record: UsageRecordView) => formatDuration(record.totalMs)),
  column("OUTCOME", (record: UsageRecordView) => record.errorCode ?? record.outcome),
  column("ID", (record: UsageRecordView) => record.id),
];
