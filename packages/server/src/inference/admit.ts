// What admission must know of a request, and what a caller is told of its limits. Pure.

import type { ChatRequest } from "@auxot/wire/chat";
import type { EmbedRequest } from "@auxot/wire/embed";
import { AppError } from "@auxot/wire/errors";
import type { Allowance } from "@auxot/wire/limit";
import type { Demand } from "../admission/estimate.ts";
import type { Admission } from "../admission/gate.ts";
import type { Offer } from "../sources/source.ts";
import type { Needs } from "./needs.ts";
import { listCandidates } from "./plan.ts";
import type { RouteRules } from "./route-rules.ts";

/** About what vendors count for an image of common size, or a page or two of a document. */
const attachmentTokens = 1600;
const bytesPerToken = 4;
const vendorLimitHeaders = /^(?:x-ratelimit-|anthropic-(?:ratelimit|priority|fast)-)/;

/** `needs` holds a low guess of the prompt, half of the usual one; `rules` are those it is planned by. */
export function readDemand(request: ChatRequest, needs: Needs, offers: readonly Offer[], rules: RouteRules): Demand {
  return {
    candidates: listCandidates(request.model, needs, offers, rules),
    inputTokens: guessInput(request, needs),
    maxOutputTokens: request.maxOutputTokens,
    answers: request.answerCount ?? 1,
  };
}

/** As `readDemand`. */
export function readEmbedDemand(
  request: EmbedRequest,
  needs: Needs,
  offers: readonly Offer[],
  rules: RouteRules,
): Demand {
  const candidates = listCandidates(request.model, needs, offers, rules);
  return { candidates, inputTokens: guessTokens(request), maxOutputTokens: 0, answers: 1 };
}

/** Of all inputs of a request for embeddings, where nobody has counted them. */
export function guessTokens({ input }: EmbedRequest): number {
  let tokens = 0;
  for (const one of input) tokens += typeof one === "string" ? Math.ceil(one.length / bytesPerToken) : one.length;
  return tokens;
}

/** The bytes a text request came in say enough of its tools and schemas too; attachments' bytes say nothing. */
function guessInput({ original, messages }: ChatRequest, { images, documents, promptTokens }: Needs): number {
  const ofText = Math.max(1, promptTokens * 2);
  if (!images && !documents) return Math.max(ofText, Math.ceil((original?.body.length ?? 0) / bytesPerToken));
  let attachments = 0;
  for (const { content } of messages) {
    for (const { type } of content) if (type === "image" || type === "document") attachments++;
  }
  return ofText + attachments * attachmentTokens;
}

/** Adds what limits say. A vendor's limits are the operator's: whoever has limits here is told of these, and not of those. */
export function tellAllowance<
  Answered extends {
    readonly warnings: readonly string[];
    readonly headers?: Readonly<Record<string, string>> | undefined;
  },
>(answered: Answered, { allowance, warnings }: Admission): Answered & { readonly allowance?: Allowance } {
  if (allowance === undefined) return answered;
  return {
    ...answered,
    ...(answered.headers === undefined ? {} : { headers: dropVendorLimits(answered.headers) }),
    warnings: [...warnings, ...answered.warnings],
    allowance,
  };
}

/** A vendor's error as it is told to a caller with limits here. */
export function hideVendorLimits(error: unknown, admission: Admission | undefined): unknown {
  const allowance = admission?.allowance;
  if (allowance === undefined || !(error instanceof AppError) || error.passed === undefined) return error;
  const { code, message, param, retryAfterMs, elsewhere, cause, passed } = error;
  const headers = dropVendorLimits(passed.headers);
  return new AppError(code, message, {
    cause,
    param,
    retryAfterMs,
    elsewhere,
    allowance,
    passed: { ...passed, headers },
  });
}

function dropVendorLimits(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(headers).filter(([name]) => !vendorLimitHeaders.test(name));
  return Object.fromEntries(kept);
}
