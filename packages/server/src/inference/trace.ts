// The spans of one request for an answer, with OpenTelemetry's attributes for generative AI, and ours where it has none.
// Names and numbers only: what was asked and answered is in no span.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ (none of it is stable, so the strings stand here)

import type { DialectName, FormatName, StopReason } from "@auxot/wire/chat";
import type { ErrorCode } from "@auxot/wire/errors";
import type { Span } from "../platform/telemetry.ts";
import type { UsageRow } from "../records/usage/store.ts";
import type { Offer, Placement, SourceCall } from "../sources/source.ts";

export type RequestTrace = {
  readonly span: Span;
  startAttempt(offer: Offer, number: number): TracedAttempt;
  /** The first content is on its way to the caller. */
  onCommit(): void;
  /** The same numbers as the usage row has. */
  onSettled(row: UsageRow, stopReason: StopReason | undefined): void;
};

export type TracedAttempt = {
  readonly handOn: Pick<SourceCall, "traceHeaders">;
  end(placement: Placement | undefined, error: ErrorCode | undefined): void;
};

const operations = {
  "openai-chat": "chat",
  "openai-responses": "chat",
  "anthropic-messages": "chat",
  "openai-completions": "text_completion",
  "openai-embeddings": "embeddings",
} as const satisfies Record<FormatName, string>;

/** What the provider's format says of the vendor; who is really there is the administrator's to know. */
const vendors = {
  "openai-chat": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
} as const satisfies Record<DialectName, string>;
/** Of models on workers. */
const ownVendor = "auxot";
const longestName = 200;

/** The span below `parent` that holds all others of this answer. */
export function startTrace(
  parent: Span,
  input: {
    readonly requestId: string;
    readonly caller: { readonly keyId: string };
    readonly dialect: FormatName;
    readonly request: { readonly model: string; readonly stream: boolean };
  },
): RequestTrace {
  const { request, dialect } = input;
  const operation = operations[dialect];
  const asked = request.model.slice(0, longestName);
  const span = parent.start(`${operation} ${asked}`, "internal", {
    "gen_ai.operation.name": operation,
    "gen_ai.request.model": asked,
    "auxot.request.id": input.requestId,
    "auxot.key.id": input.caller.keyId,
    "auxot.format": dialect,
    "auxot.stream": request.stream,
  });
  let stream: Span | undefined;
  let vendor: string | undefined;

  return {
    span,
    startAttempt(offer, number) {
      const attempt = span.start(`attempt ${offer.provider}`, "client", {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": nameVendor(offer),
        "gen_ai.request.model": offer.model,
        "auxot.provider": offer.provider,
        "auxot.tier": offer.tier,
        "auxot.attempt": number,
      });
      const traceHeaders = attempt.handOn();
      return {
        handOn: traceHeaders === undefined ? {} : { traceHeaders },
        end(placement, error) {
          if (placement !== undefined) vendor = nameVendor(offer);
          attempt.set(describePlacement(placement));
          attempt.end(error);
        },
      };
    },
    onCommit() {
      if (request.stream) stream = span.start("stream", "internal");
    },
    onSettled(row, stopReason) {
      stream?.end(row.errorCode);
      span.set({
        ...describePlacement(row),
        "gen_ai.provider.name": vendor,
        "gen_ai.response.finish_reasons": stopReason === undefined ? undefined : [stopReason],
        ...describeUsage(row),
        "gen_ai.response.time_to_first_chunk": row.firstTokenMs === undefined ? undefined : row.firstTokenMs / 1000,
        "auxot.attempts": row.tries,
        "auxot.outcome": row.outcome,
      });
      span.end(row.errorCode);
    },
  };
}

function nameVendor({ dialect }: Offer): string {
  return dialect === undefined ? ownVendor : vendors[dialect];
}

function describePlacement(placement: Partial<Placement> | undefined): Parameters<Span["set"]>[0] {
  return {
    "gen_ai.response.model": placement?.model,
    "auxot.provider": placement?.provider,
    "auxot.tier": placement?.tier,
    "auxot.worker": placement?.worker,
  };
}

/** Nothing for a request that no source had begun with. */
function describeUsage({ usage, firstTokenMs }: UsageRow): Parameters<Span["set"]>[0] {
  if (firstTokenMs === undefined && usage.estimated !== true) return {};
  return {
    "gen_ai.usage.input_tokens": usage.inputTokens,
    "gen_ai.usage.output_tokens": usage.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": usage.cachedInputTokens,
    "gen_ai.usage.cache_creation.input_tokens": usage.cacheWriteTokens,
    "gen_ai.usage.reasoning.output_tokens": usage.reasoningTokens,
    "auxot.usage.estimated": usage.estimated === true,
  };
}
