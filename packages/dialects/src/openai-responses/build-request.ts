// ChatRequest -> a Responses request for an upstream. Items are built in build-items.ts, tools in build-tools.ts.

import type { ChatRequest, ResponseFormat } from "@auxot/wire/chat";
import type { CallTarget, UpstreamRequest } from "../dialect.ts";
import { buildEffort, buildUser, buildVerbosity, isOpenaiModel, mayReason } from "../openai-limits.ts";
import { optional } from "../read-fields.ts";
import { buildOpenaiTier } from "../service-tier.ts";
import { createWarnings } from "../warnings.ts";
import { buildConversation } from "./build-items.ts";
import { buildTools } from "./build-tools.ts";

export const chatPath = "/responses";

type Warn = (message: string) => void;

/** The least OpenAI takes: https://platform.openai.com/docs/api-reference/responses/create */
const minOutputTokens = 16;

/** Nothing is stored upstream; what the model needs of its own reasoning goes along encrypted. */
export function buildRequest(request: ChatRequest, target: CallTarget): UpstreamRequest {
  const warnings = createWarnings(request);
  warnOfDropped(request, target, warnings.add);
  const { instructions, input } = buildConversation(request, target.model, warnings.add);
  const reasoning = buildReasoning(request, target, warnings.add);
  const hasReasoning = reasoning !== undefined || input.some((item) => item.type === "reasoning");
  const body = {
    model: target.model,
    ...optional("instructions", instructions),
    input,
    ...(request.tools.length === 0 ? {} : buildTools(request)),
    ...buildLimits(request, target, warnings.add),
    ...optional("text", buildText(request, target, warnings.add)),
    ...optional("reasoning", reasoning),
    ...(hasReasoning ? { include: ["reasoning.encrypted_content"] } : {}),
    ...optional("prompt_cache_key", request.promptCacheKey),
    ...optional("service_tier", buildOpenaiTier(request, target.model, warnings.add)),
    ...optional("user", buildUser(request, warnings.add)),
    store: false,
    stream: target.stream,
  };
  return { path: chatPath, body: JSON.stringify(body), warnings: warnings.list() };
}

function warnOfDropped(request: ChatRequest, target: CallTarget, warn: Warn): void {
  const { stop, seed, topK, frequencyPenalty, presencePenalty } = request;
  for (const [name, value] of Object.entries({ stop, seed, top_k: topK })) {
    if (value !== undefined) warn(`${name}: the Responses format does not carry it; it was not sent.`);
  }
  if (!isOpenaiModel(target.model)) return;
  for (const [name, value] of Object.entries({
    frequency_penalty: frequencyPenalty,
    presence_penalty: presencePenalty,
  })) {
    if (value !== undefined) warn(`${name}: OpenAI's Responses do not take it; it was not sent.`);
  }
}

function buildLimits(request: ChatRequest, target: CallTarget, warn: Warn): object {
  const { maxOutputTokens } = request;
  const isOpenai = isOpenaiModel(target.model);
  const isTooLow = isOpenai && maxOutputTokens !== undefined && maxOutputTokens < minOutputTokens;
  if (isTooLow) warn(`max_output_tokens: ${maxOutputTokens} was raised to ${minOutputTokens}, OpenAI's lowest.`);
  return {
    ...optional("max_output_tokens", isTooLow ? minOutputTokens : maxOutputTokens),
    ...optional("temperature", request.temperature),
    ...optional("top_p", request.topP),
    ...(isOpenai ? {} : optional("frequency_penalty", request.frequencyPenalty)),
    ...(isOpenai ? {} : optional("presence_penalty", request.presencePenalty)),
  };
}

function buildText(request: ChatRequest, target: CallTarget, warn: Warn): object | undefined {
  const format = buildFormat(request.responseFormat);
  const verbosity = buildVerbosity(request, target.model, warn);
  if (format === undefined && verbosity === undefined) return undefined;
  return { ...optional("format", format), ...optional("verbosity", verbosity) };
}

function buildFormat(format: ResponseFormat | undefined): object | undefined {
  if (format === undefined) return undefined;
  if (format.type === "json") return { type: "json_object" };
  const { name, schema, strict, description } = format;
  return { type: "json_schema", name, schema, ...optional("strict", strict), ...optional("description", description) };
}

/** Callers of Anthropic's format (a budget, adaptive) expect to read the thoughts they ask for, so a summary is asked. */
function buildReasoning(request: ChatRequest, target: CallTarget, warn: Warn): object | undefined {
  if (request.reasoning === undefined) return undefined;
  const effort = buildEffort(request, target.model, warn);
  if (!mayReason(target.model)) return undefined;
  const { budgetTokens, adaptive, hidden } = request.reasoning;
  const wantsWords =
    !hidden && request.reasoning.effort !== "none" && (budgetTokens !== undefined || adaptive === true);
  const summary = request.reasoning.summary ?? (wantsWords ? "auto" : undefined);
  if (effort === undefined && summary === undefined) return undefined;
  return { ...optional("effort", effort), ...optional("summary", summary) };
}
