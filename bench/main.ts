// `npm run bench`: what the router costs, as ratios to the same load sent directly to the same mock upstream in the same
// run. Absolute numbers differ from machine to machine and hour to hour; ratios hold to about 15 %.

import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import {
  createOpenaiLanes,
  createRouterConfig,
  createTranslatedLane,
  createWatchedLanes,
  type Lane,
  type LaneName,
  type Targets,
} from "./lanes.ts";
import { canPin, canReadProcessor, readProcessorMs, receive, startProcess, stopProcess } from "./processes.ts";
import { findMedian, findPercentile } from "./statistics.ts";
import { eventsPerStream, models, type Load, type LoadResult } from "./workload.ts";

const { values: flags } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});

const rounds = flags.quick ? 1 : 3;
const durationMs = flags.quick ? 1000 : 3500;
const warmUpMs = flags.quick ? 300 : 1500;
const requestsPerSecond = 300;
const pacedStreams = 100;
const routerCore = 0;
const loadCore = 1;

/** One number of one measurement. */
type Metric = {
  readonly name: string;
  readonly unit: string;
  readonly read: (result: LoadResult) => number;
  /** What is told of two medians: how much there is of it, or how much more it takes. */
  readonly compare: "ratio" | "difference";
};
type Scenario = { readonly name: string; readonly lanes: readonly Lane[]; readonly metrics: readonly Metric[] };
type Row = {
  readonly name: string;
  readonly unit: string;
  readonly direct: number;
  readonly router: number;
  readonly comparison: string;
};

const perSecond = (result: LoadResult): number => result.answers / (result.elapsedMs / 1000);
const requestRate: Metric = { name: "requests", unit: "/s", read: perSecond, compare: "ratio" };
const eventRate: Metric = {
  name: "events",
  unit: "/s",
  read: (result) => perSecond(result) * eventsPerStream,
  compare: "ratio",
};

const jsonShape = { model: models.json, connections: 32, endMark: "total_tokens" };
/** Holds where rates do not: other programs on the machine take time from a router, but not work. */
const processorTime: Metric = {
  name: "processor",
  unit: "µs",
  read: ({ answers, processorMs = Number.NaN }) => (processorMs * 1000) / answers,
  compare: "difference",
};
const variants = [
  { lane: "translated", name: "translated", base: "router", of: "passthrough" },
  { lane: "unwatched", name: "metrics off", base: "twin", of: "a twin with them" },
  { lane: "traced", name: "traces on", base: "twin", of: "a twin without" },
] as const;
const streamShape = { model: models.stream, connections: 16, endMark: "[DONE]" };
const scenarios: readonly Scenario[] = [
  {
    name: "1 KB JSON",
    lanes: [...createOpenaiLanes(jsonShape, false), ...createWatchedLanes(jsonShape, false)],
    metrics: canReadProcessor ? [requestRate, processorTime] : [requestRate],
  },
  {
    name: `1 KB JSON at ${requestsPerSecond}/s`,
    lanes: createOpenaiLanes(
      { model: models.json, connections: 64, endMark: "total_tokens", requestsPerSecond },
      false,
    ),
    metrics: [latencyAt(0.5), latencyAt(0.99)],
  },
  {
    name: "stream",
    lanes: [...createOpenaiLanes(streamShape, true), createTranslatedLane(streamShape)],
    metrics: [eventRate],
  },
  {
    name: "stream, ten events a write",
    lanes: [
      ...createOpenaiLanes({ ...streamShape, model: models.batched }, true),
      createTranslatedLane({ ...streamShape, model: models.batched }),
    ],
    metrics: [eventRate],
  },
  {
    name: `${pacedStreams} slow streams`,
    lanes: createOpenaiLanes({ model: models.paced, connections: pacedStreams, endMark: "[DONE]" }, true),
    metrics: [
      { name: "gap p99", unit: "ms", read: ({ gapsMs }) => findPercentile(gapsMs, 0.99), compare: "difference" },
    ],
  },
];

await main();

async function main(): Promise<void> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "auxot-bench-"));
  // Under root the database runs as another user, who must be able to enter.
  chmodSync(dataDir, 0o755);
  const key = "bench-key-that-is-long-enough";
  const mock = startProcess(path.join(import.meta.dirname, "mock-upstream.ts"), loadCore);
  const generator = startProcess(path.join(import.meta.dirname, "generator.ts"), loadCore);
  const children = [generator, mock];
  const byPort = new Map<number, ChildProcess>();
  try {
    const mockPort = await receive(mock, (message) => (message as { port?: number }).port);
    byPort.set(mockPort, mock);
    const startRouter = async (name: string, more: Readonly<Record<string, unknown>> = {}): Promise<number> => {
      const configFile = path.join(dataDir, `${name}.yaml`);
      writeFileSync(configFile, createRouterConfig(mockPort, more));
      const router = startProcess(path.join(import.meta.dirname, "../packages/server/src/main.ts"), routerCore, {
        AUXOT_CONFIG: configFile,
        AUXOT_DATA_DIR: path.join(dataDir, name),
        AUXOT_PORT: "0",
        AUXOT_BOOTSTRAP_KEY: key,
        AUXOT_LOG_LEVEL: "warn",
      });
      children.unshift(router);
      const port = Number(new URL(await receive(router, (message) => (message as { url?: string }).url)).port);
      byPort.set(port, router);
      return port;
    };
    const targets = {
      mockPort,
      routerPort: await startRouter("default"),
      twinPort: await startRouter("twin"),
      unwatchedPort: await startRouter("unwatched", { metrics: { access: "off" } }),
      // The mock takes spans as it takes anything.
      tracedPort: await startRouter("traced", { traces: { endpoint: `http://127.0.0.1:${mockPort}` } }),
      key,
    };
    report(await measureAll(targets, (load) => run(generator, load, byPort.get(load.port))));
  } finally {
    for (const child of children) await stopProcess(child);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** `target` is the process that answers. */
async function run(generator: ChildProcess, load: Load, target: ChildProcess | undefined): Promise<LoadResult> {
  const before = target === undefined ? undefined : readProcessorMs(target);
  generator.send(load);
  const result = await receive(generator, (message) => message as LoadResult);
  if (target === undefined || before === undefined) return result;
  return { ...result, processorMs: (readProcessorMs(target) ?? Number.NaN) - before };
}

/** Lanes take turns within each round, so that a slow minute of the machine hits all of them. */
async function measureAll(targets: Targets, run: (load: Load) => Promise<LoadResult>): Promise<Row[]> {
  const results = new Map<Lane, LoadResult[]>();
  for (let round = 0; round <= rounds; round++) {
    const isWarmUp = round === 0;
    for (const scenario of scenarios) {
      for (const lane of scenario.lanes) {
        const label = `${scenario.name}, ${lane.name}`;
        showProgress(`${isWarmUp ? "warm-up" : `round ${round}`}: ${label}`);
        const isPaced = scenario.name.endsWith("slow streams");
        // A slow stream takes four seconds whatever the limit; it needs no warm-up.
        if (isWarmUp && isPaced) continue;
        const result = await run({ ...lane.createLoad(targets), durationMs: isWarmUp ? warmUpMs : durationMs });
        if (result.failures > 0) throw new Error(`${label}: ${result.failures} of the answers were wrong.`);
        if (!isWarmUp) results.set(lane, [...(results.get(lane) ?? []), result]);
      }
    }
  }
  showProgress("");
  return scenarios.flatMap((scenario) => compareLanes(scenario, results));
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}

function compareLanes({ name, lanes, metrics }: Scenario, results: ReadonlyMap<Lane, readonly LoadResult[]>): Row[] {
  return metrics.flatMap((metric) => {
    const medianOf = (wanted: LaneName): number => {
      const lane = lanes.find((lane) => lane.name === wanted);
      return findMedian((lane === undefined ? [] : (results.get(lane) ?? [])).map(metric.read));
    };
    const { unit } = metric;
    const label = `${name}: ${metric.name}`;
    const [direct, router] = [medianOf("direct"), medianOf("router")];
    const others = variants.flatMap(({ lane, name: variant, base, of }) => {
      const value = medianOf(lane);
      if (Number.isNaN(value)) return [];
      const comparison = `${compareTwo(direct, value, metric)} (${(value / medianOf(base)).toFixed(2)} of ${of})`;
      return [{ name: `${label}, ${variant}`, unit, direct, router: value, comparison }];
    });
    return [{ name: label, unit, direct, router, comparison: compareTwo(direct, router, metric) }, ...others];
  });
}

function compareTwo(direct: number, router: number, { compare, unit }: Metric): string {
  if (compare === "ratio") return `x ${(router / direct).toFixed(2)}`;
  return `${router >= direct ? "+" : "-"}${Math.abs(router - direct).toFixed(2)} ${unit}`;
}

function report(rows: readonly Row[]): void {
  const machine = `Node ${process.version}, ${availableParallelism()} cores, ${canPin ? "pinned" : "not pinned"}`;
  const method = `medians of ${rounds} ${rounds === 1 ? "round" : "rounds"} of ${durationMs / 1000} s`;
  if (flags.json) {
    console.log(JSON.stringify({ machine, method, rows }, null, 2));
    return;
  }
  console.log(`${machine}; ${method}\n`);
  console.log(`${"".padEnd(48)}${"direct".padStart(12)}${"router".padStart(12)}`);
  for (const { name, unit, direct, router, comparison } of rows) {
    const cells = [direct, router].map((value) => `${formatNumber(value)} ${unit}`.padStart(12)).join("");
    console.log(`${name.padEnd(48)}${cells}   ${comparison}`);
  }
}

function formatNumber(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}

function latencyAt(fraction: number): Metric {
  return {
    name: `p${fraction * 100}`,
    unit: "ms",
    read: ({ latenciesMs }) => findPercentile(latenciesMs, fraction),
    compare: "difference",
  };
}
