// Owns the words for traces: a span of work, and where spans go. Knows nothing of OpenTelemetry; open-telemetry.ts does.
// Without traces nobody has a span, and what would be said of it (`span?.start(...)`) is not even put together.

import type { Secret } from "./secret-text.ts";

export type TraceSettings = {
  /** Where spans are sent: the whole address. */
  readonly url: string;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly serviceName: string;
  /** What is said of this router beside its name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** 0 to 1. */
  readonly sampleShare: number;
  /** Whether cloud providers get a traceparent. */
  readonly handOn: boolean;
};

/** What is undefined is left out. Never content: no prompt, no answer, no message of an error. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** `server`: of a request that came in. `client`: of one that goes out. */
export type SpanKind = "server" | "client" | "internal";

/** Its times are taken when it starts and ends. Never throws, never waits. */
export type Span = {
  /** 32 hex digits, for the log. */
  readonly traceId: string;
  start(name: string, kind: SpanKind, attributes?: SpanAttributes): Span;
  set(attributes: SpanAttributes): void;
  /** `errorType`: it failed, a code and no message. Later calls do nothing. */
  end(errorType?: string): void;
  /** The headers an upstream goes on with this span by; undefined when that is switched off. */
  handOn(): Readonly<Record<string, string>> | undefined;
};

export type CallerTrace = {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
};

export type Telemetry = {
  /** The span of one request, below the caller's own if it names one. Undefined: this request is not traced. */
  startRequest(name: string, caller: CallerTrace, attributes: SpanAttributes): Span | undefined;
  /** Spans that were lost, because the collector was away or too slow. */
  lost(): number;
  /** Sends what is left, for a moment. Never rejects. */
  close(): Promise<void>;
};
