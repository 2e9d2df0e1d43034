// The list of metrics as data: name, kind, labels, meaning. metrics.ts makes them of it, and the guide's table is held
// against it. Labels take few values: no key, no request, no name that a caller made up.

export type MetricDeclaration = {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  /** One line, as Prometheus and the guide show it. */
  readonly help: string;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
};

/** Seconds from a short answer out of memory to a long one out of a slow model. */
const durationBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const waitBuckets = [0.005, 0.05, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const source = ["model", "provider", "tier"] as const;

export const metricList = {
  httpRequests: counter("http_requests_total", ["method", "route", "status"], "Requests that came in."),
  httpDuration: histogram("http_request_duration_seconds", ["route"], "Until the last byte was written."),
  httpRunning: gauge("http_requests_running", [], "Requests being answered."),

  requests: counter(
    "requests_total",
    ["format", "stream", "outcome", "error"],
    "Requests for an answer or for embeddings, as many as usage rows. `error` is empty for good ones.",
  ),
  requestDuration: histogram("request_duration_seconds", ["format", "tier"], "Until such a request was over."),
  modelRequests: counter("model_requests_total", [...source, "outcome"], "The same by the model that answered."),
  firstToken: histogram(
    "time_to_first_token_seconds",
    [...source],
    "Of streams: from a request's arrival to its first content.",
  ),
  inputTokens: counter("input_tokens_total", source, "Tokens of prompts, cached ones included."),
  cachedInputTokens: counter("cached_input_tokens_total", source, "Of these, read from a prompt cache."),
  cacheWriteTokens: counter("cache_write_tokens_total", source, "Of these, written to a prompt cache."),
  outputTokens: counter("output_tokens_total", source, "Tokens of answers, reasoning included."),
  reasoningTokens: counter("reasoning_tokens_total", source, "Of these, spent on reasoning."),

  attempts: counter("attempts_total", ["provider", "tier", "result"], "Tries at a source: `ok` or the error's code."),
  failovers: counter(
    "failovers_total",
    ["provider", "tier", "error"],
    "Times another source was asked after this one.",
  ),
  rests: counter("provider_rests_total", ["provider"], "Times a cloud provider was left alone for a while."),
  offers: gauge("offers", ["provider", "tier", "state"], "Models on offer: free, busy or resting."),

  queueLength: gauge("queue_length", [], "Requests that wait for a worker."),
  queueWait: histogram(
    "queue_wait_seconds",
    ["result"],
    "Waits for a worker's slot, those of no time included: `started`, `refused` or `left`.",
    waitBuckets,
  ),
  workers: gauge("workers", ["provider", "kind", "state"], "Workers: online, draining or lost."),
  slots: gauge("slots", ["provider", "model"], "Slots of the workers that are online."),
  slotsBusy: gauge("slots_busy", ["provider", "model"], "Of these, those that run a job."),

  upstreamConnections: gauge("upstream_connections", ["origin"], "Open connections to a cloud provider."),
  upstreamRunning: gauge("upstream_requests_running", ["origin"], "Requests under way on them."),
  upstreamWaiting: gauge("upstream_requests_waiting", ["origin"], "Requests that wait for a connection."),

  backgroundRuns: gauge("background_runs", [], "Answers that are made in the background."),
  responsesKept: counter("responses_kept_total", [], "Stored responses that were written."),
  responsesLost: counter("responses_lost_total", [], "Stored responses that could not be written."),
  databaseUp: gauge("database_up", [], "1 when the database answered within a second."),
  databasePing: gauge("database_ping_seconds", [], "How long it took, the wait for a connection of the pool included."),
  usageWaiting: gauge("usage_rows_waiting", [], "Usage rows that are not written yet."),
  usageLost: counter("usage_rows_lost_total", [], "Usage rows that never will be."),
  spansLost: counter("spans_lost_total", [], "Spans of traces the collector did not take."),
  webhookDelivered: counter("webhook_events_total", [], "Alerts and raise requests that the webhook took."),
  webhookFailed: counter("webhook_failed_tries_total", [], "Times the webhook did not take one."),
  webhookLost: counter("webhook_events_lost_total", [], "Those that were given up after a day."),
  webhookWaiting: gauge("webhook_events_waiting", [], "Those that wait, on the router that tells the webhook."),
  build: gauge("build_info", ["version", "node"], "Always 1; what runs here."),
} as const satisfies Readonly<Record<string, MetricDeclaration>>;

export type MetricName = keyof typeof metricList;

type Labels = readonly string[];

function counter<const L extends Labels>(name: string, labels: L, help: string): Declared<"counter", L> {
  return { name: `auxot_${name}`, type: "counter", labels, help };
}

function gauge<const L extends Labels>(name: string, labels: L, help: string): Declared<"gauge", L> {
  return { name: `auxot_${name}`, type: "gauge", labels, help };
}

function histogram<const L extends Labels>(
  name: string,
  labels: L,
  help: string,
  buckets: readonly number[] = durationBuckets,
): Declared<"histogram", L> & { readonly buckets: readonly number[] } {
  return { name: `auxot_${name}`, type: "histogram", labels, help, buckets };
}

type Declared<Type, L> = { readonly name: string; readonly type: Type; readonly labels: L; readonly help: string };
