// Counts what happens and reads what is, for Prometheus. Told by the rooms that do the work; changes nothing of it.

import type { ErrorCode } from "@auxot/wire/errors";
import type { Tier } from "@auxot/wire/model-offer";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { UsageRow } from "../records/usage/store.ts";
import { fillGauges, pingWithin, type Readers } from "./gauges.ts";
import { metricList, type MetricName } from "./metric-list.ts";

/** Where a try went. */
export type Tried = { readonly provider: string; readonly tier: Tier };

export type Metrics = {
  /** One request on the way out. `route` is a pattern, not the path; `seconds` until its last byte was written. */
  onAnswered(route: string, method: string, status: number, seconds: number): void;
  /** One request for an answer is over. */
  onRequest(row: UsageRow): void;
  /** One try at a source is over; without `error` it showed content. */
  onTried(tried: Tried, error: ErrorCode | undefined): void;
  /** Another source is asked because this one failed. */
  onMoved(from: Tried, error: ErrorCode): void;
  onRest(provider: string): void;
  onWaited(result: "started" | "refused" | "left", seconds: number): void;
  /** In Prometheus' text format 0.0.4. Waits for the database for a second at most. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
};

export type MetricInstruments = {
  readonly [Name in MetricName]: (typeof metricList)[Name]["type"] extends "counter"
    ? Counter<string>
    : (typeof metricList)[Name]["type"] extends "gauge"
      ? Gauge<string>
      : Histogram<string>;
};

/** Vendors have hundreds of models, and a worker may name its model anew at each start. */
const maxModels = 500;
const methods = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);

export function createMetrics(readers: Readers, version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = createInstruments(registry);
  instruments.build.set({ version, node: process.version }, 1);
  const models = new Set<string>();
  const ping = pingWithin(readers.pingDatabase);

  function nameModel(model: string): string {
    if (models.has(model)) return model;
    if (models.size >= maxModels) return "other";
    models.add(model);
    return model;
  }

  function countModel(model: string, row: UsageRow): void {
    const labels = { model: nameModel(model), provider: row.provider ?? "", tier: row.tier ?? "" };
    const { usage } = row;
    instruments.modelRequests.inc({ ...labels, outcome: row.outcome });
    // What is not streamed has its first token with its last.
    if (row.stream && row.firstTokenMs !== undefined) instruments.firstToken.observe(labels, row.firstTokenMs / 1000);
    instruments.inputTokens.inc(labels, usage.inputTokens);
    instruments.outputTokens.inc(labels, usage.outputTokens);
    // Most answers have none: their series begin with the first that has.
    if (usage.cachedInputTokens > 0) instruments.cachedInputTokens.inc(labels, usage.cachedInputTokens);
    if (usage.cacheWriteTokens > 0) instruments.cacheWriteTokens.inc(labels, usage.cacheWriteTokens);
    if (usage.reasoningTokens > 0) instruments.reasoningTokens.inc(labels, usage.reasoningTokens);
  }

  return {
    onAnswered(route, method, status, seconds) {
      instruments.httpRequests.inc({ method: methods.has(method) ? method : "other", route, status });
      instruments.httpDuration.observe({ route }, seconds);
    },
    onRequest(row) {
      const { dialect: format, stream, outcome, errorCode: error = "", model } = row;
      instruments.requests.inc({ format, stream: String(stream), outcome, error });
      instruments.requestDuration.observe({ format, tier: row.tier ?? "" }, row.totalMs / 1000);
      if (model !== undefined) countModel(model, row);
    },
    onTried: ({ provider, tier }, error = undefined) =>
      instruments.attempts.inc({ provider, tier, result: error ?? "ok" }),
    onMoved: ({ provider, tier }, error) => instruments.failovers.inc({ provider, tier, error }),
    onRest: (provider) => instruments.rests.inc({ provider }),
    onWaited: (result, seconds) => instruments.queueWait.observe({ result }, seconds),
    async scrape() {
      const pingSeconds = await ping();
      fillGauges(instruments, readers, nameModel, pingSeconds);
      const text = await registry.metrics();
      // prom-client writes it in a way that only lenient readers take.
      return { contentType: registry.contentType, text: text.replaceAll(/ Nan$/gm, " NaN") };
    },
  };
}

function createInstruments(registry: Registry): MetricInstruments {
  const made = Object.entries(metricList).map(([key, declared]) => {
    const options = { name: declared.name, help: declared.help, labelNames: declared.labels, registers: [registry] };
    switch (declared.type) {
      case "counter":
        return [key, new Counter(options)];
      case "gauge":
        return [key, new Gauge(options)];
      case "histogram":
        return [key, new Histogram({ ...options, buckets: [...declared.buckets] })];
    }
  });
  return Object.fromEntries(made) as MetricInstruments;
}
