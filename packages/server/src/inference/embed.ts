// One request for embeddings to one source: plans and tries like a chat, measures, and records one usage row at the end,
// however it ends. Nothing is sent before all vectors are there, so another source can take over until then.

import type { EmbedPart, EmbedRequest, EmbedResult } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import { noUsage } from "@auxot/wire/usage";
import type { Caller } from "../platform/caller.ts";
import type { RequestOrigin } from "../platform/request-origin.ts";
import type { EmbedAnswer, Placement, Source, SourceCall } from "../sources/source.ts";
import { limitFirstToken, tryOffers } from "./attempt.ts";
import { guessTokens, hideVendorLimits, readEmbedDemand, tellAllowance } from "./admit.ts";
import type { Inference, InferDeps, InputLinks } from "./infer.ts";
import { createMeter, type Meter } from "./meter.ts";
import { readEmbedNeeds } from "./needs.ts";
import { planRoute } from "./plan.ts";
import { openRules } from "./route-rules.ts";
import { createWatchdog } from "./watchdog.ts";

export type EmbedInput = {
  readonly requestId: string;
  readonly caller: Caller;
  readonly origin: RequestOrigin;
  readonly request: EmbedRequest;
} & InputLinks;

/** `bytes` are there instead of `result` where the caller's own format passed: the whole answer. */
export type Embedded = {
  readonly placement: Placement;
  readonly tries: number;
  readonly warnings: readonly string[];
  /** Of an upstream that speaks the caller's format. */
  readonly headers?: EmbedAnswer["headers"];
  readonly allowance?: NonNullable<Inference["allowance"]>;
  readonly result: EmbedResult;
  readonly bytes?: Uint8Array;
};

export type EmbedDeps = Omit<InferDeps, "run" | "findHolder"> & { readonly embed: Source["embed"] };

/** Throws AppError. */
export type Embed = (input: EmbedInput, signal: AbortSignal) => Promise<Embedded>;

export function createEmbed(deps: EmbedDeps): Embed {
  return async (input, signal) => {
    const { requestId, caller, request, log } = input;
    const asked = { model: request.model, stream: false };
    const meter = createMeter(deps, { ...input, dialect: "openai-embeddings", request: asked });
    try {
      const needs = readEmbedNeeds(request);
      meter.promptTokens = guessTokens(request);
      const rules = deps.rulesFor?.(caller) ?? openRules;
      const admission = await deps.admit(caller, () => readEmbedDemand(request, needs, deps.offers(), rules), signal);
      meter.onAdmitted(admission);
      const plan: Parameters<typeof tryOffers>[0]["plan"] = (mayTry) => {
        const offers = deps.offers().filter(mayTry);
        const { restriction } = admission;
        return planRoute(request.model, needs, offers, deps.clock.now(), undefined, rules, restriction);
      };
      const answered = await tryOffers(
        { plan, limits: deps.limits, log, watch: meter.watch },
        (step) => collect(deps, { requestId, callerId: caller.keyId, request, ...step }, meter, signal),
        signal,
        meter,
      );
      meter.onCommit();
      const { inputTokens } = answered.result;
      meter.onBatch({
        events: [{ type: "usage", usage: countUsage(request, inputTokens) }],
      });
      meter.settle(undefined, true);
      return { ...tellAllowance(answered, admission), tries: meter.tries };
    } catch (error) {
      meter.settle(signal.aborted ? new AppError("cancelled", "The caller left.") : error, false);
      throw hideVendorLimits(error, meter.admission());
    }
  };
}

/** Asks one source and reads its answer to the end. A source that shows no sign of life for too long is left. */
async function collect(
  deps: EmbedDeps,
  call: SourceCall<EmbedRequest>,
  meter: Meter,
  caller: AbortSignal,
): Promise<Omit<Embedded, "tries">> {
  const { limits } = deps;
  const firstTokenTimeoutMs = limitFirstToken({ request: { stream: false }, targets: call.targets }, limits);
  const watchdog = createWatchdog(caller, {
    firstTokenTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    waitMs: call.waitMs,
  });
  try {
    meter.onAsked(call.targets[0]);
    const { parts, ...answer } = await deps.embed(call, watchdog.signal);
    meter.onPlaced(answer.placement);
    watchdog.onPlaced();
    const collected: EmbedPart[] = [];
    let bytes: Uint8Array | undefined;
    let passedTokens: number | undefined;
    for await (const part of parts) {
      watchdog.onContent();
      watchdog.onWait();
      if ("bytes" in part) [bytes, passedTokens] = [part.bytes, part.inputTokens];
      else collected.push(part);
    }
    watchdog.stop();
    if (bytes === undefined) return { ...answer, result: joinParts(collected, call.request) };
    const result = { vectors: [], ...(passedTokens === undefined ? {} : { inputTokens: passedTokens }) };
    return { ...answer, result, bytes };
  } catch (error) {
    const failure = watchdog.failure() ?? error;
    watchdog.abort();
    throw failure;
  }
}

function joinParts(parts: readonly EmbedPart[], { input }: EmbedRequest): EmbedResult {
  const vectors = parts.flatMap((part) => part.vectors);
  if (vectors.length !== input.length) {
    throw new AppError("source_failed", `The source gave ${vectors.length} embeddings for ${input.length} inputs.`);
  }
  return { vectors, inputTokens: parts.reduce((sum, part) => sum + part.inputTokens, 0) };
}

/** Where the source did not say, about four characters are taken for a token. */
function countUsage(request: EmbedRequest, inputTokens: number | undefined): typeof noUsage {
  if (inputTokens !== undefined) return { ...noUsage, inputTokens };
  return { ...noUsage, inputTokens: guessTokens(request), estimated: true };
}
