// Owns what `metrics` and `traces` may be: in the YAML file, and in the variables OpenTelemetry defines.
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/

import { z } from "zod";
import { createSecret, type Secret } from "../platform/secret-text.ts";
import type { TraceSettings } from "../platform/telemetry.ts";
import { metricsFields, traceFields } from "./fields.ts";
import type { Environment } from "./file.ts";
import type { Path, Problems } from "./problems.ts";
import type { MetricsSettings } from "./settings.ts";

const metricsSchema = z.strictObject({
  access: z.enum(["off", "open", "key"], "must be off, open or key").default(metricsFields.access.default),
});

const urlSchema = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must begin with https:// or http://");

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headersSchema = z
  // oxlint-disable-next-line no-control-regex -- a header holds none
  .record(z.string(), z.string().regex(/^[^\0-\x1f\x7f]*$/, "must be one line"))
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers).filter((each) => !headerName.test(each))) {
      context.addIssue({ code: "custom", path: [name], message: "is no name of a header" });
    }
  });

const tracesSchema = z.strictObject({
  endpoint: urlSchema.exactOptional(),
  headers: headersSchema.default({}),
  serviceName: z.string().min(1, "must not be empty").max(100, "must be 100 characters at most").exactOptional(),
  sampleShare: z
    .number("must be a number from 0 to 1")
    .min(0, "must be 0 or more")
    .max(1, "must be 1 or less")
    .default(Number(traceFields.sampleShare.default)),
  handOn: z.boolean().default(false),
});

/** The default where something is wrong; what is, is added to `problems`. */
export function readMetricsSettings(tree: unknown, token: string | undefined, problems: Problems): MetricsSettings {
  const { access } = problems.check(["metrics"], metricsSchema, readGroup(tree, "metrics")) ?? metricsSchema.parse({});
  return token === undefined ? { access } : { access, token: createSecret(token) };
}

/** Undefined when no collector is named, or the variables say that there shall be no traces. What is wrong is added to `problems`. */
export function readTraceSettings(tree: unknown, env: Environment, problems: Problems): TraceSettings | undefined {
  const declared = problems.check(["traces"], tracesSchema, readGroup(tree, "traces"));
  if (declared === undefined) return undefined;
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  if (read("OTEL_SDK_DISABLED")?.toLowerCase() === "true" || read("OTEL_TRACES_EXPORTER") === "none") return undefined;
  const url = declared.endpoint === undefined ? readVariableUrl(read, problems) : toTracesUrl(declared.endpoint);
  if (url === undefined) return undefined;
  const given = ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"].flatMap((name) =>
    readPairs(read(name), [name], problems),
  );
  const headers = { ...Object.fromEntries(given), ...declared.headers };
  const attributes = Object.fromEntries(
    readPairs(read("OTEL_RESOURCE_ATTRIBUTES"), ["OTEL_RESOURCE_ATTRIBUTES"], problems),
  );
  const { sampleShare, handOn } = declared;
  return {
    url,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]): [string, Secret] => [name, createSecret(value)]),
    ),
    serviceName:
      declared.serviceName ??
      read("OTEL_SERVICE_NAME") ??
      attributes["service.name"] ??
      traceFields.serviceName.default,
    attributes,
    sampleShare,
    handOn,
  };
}

/** The variable for traces is a whole address, the one for everything gets the path. */
function readVariableUrl(read: (name: string) => string | undefined, problems: Problems): string | undefined {
  for (const name of ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]) {
    const text = read(name);
    if (text === undefined) continue;
    const url = problems.check([name], urlSchema, text);
    return name === "OTEL_EXPORTER_OTLP_ENDPOINT" && url !== undefined ? toTracesUrl(url) : url;
  }
  return undefined;
}

function toTracesUrl(endpoint: string): string {
  return /\/v1\/traces\/?$/.test(endpoint) ? endpoint : `${endpoint.replace(/\/+$/, "")}/v1/traces`;
}

/** `name=value,name=value`, values percent-encoded, as W3C baggage. */
function readPairs(text: string | undefined, path: Path, problems: Problems): [string, string][] {
  return (text ?? "").split(",").flatMap((pair): [string, string][] => {
    if (pair.trim() === "") return [];
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const decoded = value === undefined ? undefined : decode(value);
    if (name !== undefined && decoded !== undefined) return [[name, decoded]];
    problems.add(path, "must be name=value pairs with commas between them; percent-encode what is special");
    return [];
  });
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function readGroup(tree: unknown, name: string): unknown {
  const isGroup = typeof tree === "object" && tree !== null && !Array.isArray(tree);
  return (isGroup ? (tree as Readonly<Record<string, unknown>>)[name] : undefined) ?? {};
}
