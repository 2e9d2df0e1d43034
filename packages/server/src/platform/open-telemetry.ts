// Traces by OpenTelemetry: the one file that knows it. Loaded only when a collector is named; compose.ts sees to that.
// https://opentelemetry.io/docs/specs/otlp/#otlphttp

import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Log } from "./log.ts";
import { createSpanQueue, type SpanQueue } from "./span-queue.ts";
import type { CallerTrace, Span, SpanAttributes, Telemetry, TraceSettings } from "./telemetry.ts";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;
const longestAttribute = 500;
const longestState = 512;
const exportWithinMs = 5000;
type Tracer = ReturnType<TracerProvider["getTracer"]>;

export function startTelemetry(settings: TraceSettings, version: string, log: Log): Telemetry {
  const { url, sampleShare, handOn, serviceName, attributes } = settings;
  const headers = Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name, value.reveal()]));
  // The queue sends one batch at a time. A limit of one in the exporter counts the last one a moment longer, and refuses the next.
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: exportWithinMs });
  const { origin, pathname } = new URL(url);
  const queue = createSpanQueue<ReadableSpan>({
    send: (batch) =>
      new Promise((resolve) => {
        exporter.export(batch, ({ error }) => resolve(error === undefined ? undefined : explain(error)));
      }),
    collector: origin + pathname,
    log,
  });
  const own = { ...attributes, "service.name": serviceName, "service.version": version };
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(own)),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleShare) }),
    spanLimits: { attributeValueLengthLimit: longestAttribute },
    spanProcessors: [createProcessor(queue)],
  });
  const tracer = provider.getTracer("auxot", version);
  return {
    startRequest(name, caller, given) {
      const span = tracer.startSpan(
        name,
        { kind: SpanKind.SERVER, attributes: toAttributes(given) },
        readParent(caller),
      );
      return span.isRecording() ? wrapSpan(tracer, span, handOn) : undefined;
    },
    lost: queue.lost,
    async close() {
      await queue.close();
      // What is under way is given up with its connection.
      void exporter.shutdown().catch(() => undefined);
    },
  };
}

function createProcessor(queue: SpanQueue<ReadableSpan>): SpanProcessor {
  return {
    onStart() {},
    onEnd: queue.push,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

function readParent({ traceparent, tracestate }: CallerTrace): Context {
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) return ROOT_CONTEXT;
  const state = tracestate === undefined || tracestate.length > longestState ? undefined : createTraceState(tracestate);
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.flags,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: state }),
  });
}

function wrapSpan(tracer: Tracer, span: ReturnType<Tracer["startSpan"]>, handOn: boolean): Span {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  let context: Context | undefined;
  return {
    traceId,
    start(name, kind, attributes) {
      context ??= trace.setSpan(ROOT_CONTEXT, span);
      const options = {
        kind: kinds[kind],
        ...(attributes === undefined ? {} : { attributes: toAttributes(attributes) }),
      };
      return wrapSpan(tracer, tracer.startSpan(name, options, context), handOn);
    },
    set: (attributes) => void span.setAttributes(toAttributes(attributes)),
    end(errorType) {
      if (errorType !== undefined) {
        span.setAttribute("error.type", errorType);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
    handOn() {
      if (!handOn) return undefined;
      const traceparent = formatTraceparent({ traceId, spanId, flags: traceFlags });
      const tracestate = traceState?.serialize() ?? "";
      return tracestate === "" ? { traceparent } : { traceparent, tracestate };
    },
  };
}

function toAttributes(attributes: SpanAttributes): Record<string, string | number | boolean | string[]> {
  const kept: Record<string, string | number | boolean | string[]> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) kept[name] = typeof value === "object" ? [...value] : value;
  }
  return kept;
}

/** Without what the collector answered: that is its own affair, and may be long. */
function explain(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  const reason = error.message.includes(code) ? error.message : `${error.message} (${code})`;
  return reason.slice(0, 200);
}
