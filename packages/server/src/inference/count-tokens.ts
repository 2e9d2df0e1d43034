// How many tokens a request has as a prompt: exactly where a source can tell, else an estimate that is marked as one.

import { AppError } from "@auxot/wire/errors";
import type { ChatRequest } from "@auxot/wire/chat";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Offer, Source } from "../sources/source.ts";
import { readNeeds } from "./needs.ts";
import { planRoute } from "./plan.ts";
import type { RouteRules } from "./route-rules.ts";
import type { Caller } from "../platform/caller.ts";

export type TokenCount = { readonly inputTokens: number; readonly model: string; readonly estimated: boolean };

export type CountTokensDeps = {
  offers(): readonly Offer[];
  readonly countTokens: Source["countTokens"];
  readonly clock: Clock;
  /** What holds for a caller's requests; absent: nothing is set for anybody. */
  rulesFor?(caller: Caller): RouteRules;
};

/** Asks the source the request would go to first, busy or not. Throws like `planRoute`, or `cancelled`. */
export type CountTokens = (request: ChatRequest, caller: Caller, log: Log, signal: AbortSignal) => Promise<TokenCount>;

export function createCountTokens(deps: CountTokensDeps): CountTokens {
  return async (request, caller, log, signal) => {
    const needs = readNeeds(request);
    // A prompt too long for the model may still be counted: that is what people count for.
    const counted = { ...needs, promptTokens: 0 };
    const rules = deps.rulesFor?.(caller);
    const plan = planRoute(request.model, counted, deps.offers(), deps.clock.now(), undefined, rules);
    const target = plan.considered.find(({ left }) => left === undefined || left === "busy")?.offer;
    if (target === undefined) throw new AppError("internal", "A plan without an offer.");
    try {
      const inputTokens = await deps.countTokens(request, target, signal);
      if (inputTokens !== undefined) return { inputTokens, model: target.model, estimated: false };
    } catch (error) {
      if (signal.aborted) throw error;
      log.info(
        { model: target.model, reason: error instanceof Error ? error.message : String(error) },
        "tokens estimated",
      );
    }
    return { inputTokens: Math.max(1, needs.promptTokens * 2), model: target.model, estimated: true };
  };
}
