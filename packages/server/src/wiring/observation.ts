// Wires who watches: traces where there is a collector, and the page of metrics.

import packageFile from "../../package.json" with { type: "json" };
import type { Config } from "../config/settings.ts";
import type { Readers } from "../observe/gauges.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import type { Telemetry } from "../platform/telemetry.ts";
import type { Foundation } from "./foundation.ts";

/** Loads OpenTelemetry only when there is a collector. */
export async function openTelemetry({ config, log, defer }: Foundation): Promise<Telemetry | undefined> {
  if (config.traces === undefined) return undefined;
  const { startTelemetry } = await import("../platform/open-telemetry.ts");
  const telemetry = startTelemetry(config.traces, packageFile.version, log);
  defer(() => telemetry.close());
  return telemetry;
}

/** Nothing is counted where nobody may read it. */
export function openMetrics({ config }: Foundation, readers: Readers): Metrics | undefined {
  return config.metrics.access === "off" ? undefined : createMetrics(readers, packageFile.version);
}

/** The page of metrics, as the edge takes it. */
export function describeMetricsPage({ metrics: { access, token } }: Config, metrics: Metrics | undefined) {
  if (metrics === undefined || access === "off") return {};
  return { metrics: { scrape: metrics.scrape, access, ...(token === undefined ? {} : { token }) } };
}
