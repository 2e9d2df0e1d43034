// ChatRequest -> a Responses request for an upstream. Items are built in build-items.ts, tools in build-tools.ts.

import type { ChatRequest, ResponseFormat } from "@auxot/wire/chat";
import type { CallTarget, UpstreamRequest } from "../dialect.ts";
import { fitRequest } from "../fitting/fit-request.ts";
import { fitOpenaiSchemas } from "../fitting/fit-tools.ts";
import type { ReasoningPlan } from "../fitting/plan-reasoning.ts";
import { optional } from "../reading/read-fields.ts";
import { buildOpenaiTier } from "../fitting/service-tier.ts";
import { createWarnings } from "../warnings.ts";
import { buildConversation } from "./build-items.ts";
import { buildTools } from "./build-tools.ts";

export const chatPath = "/responses";

type Warn = (message: string) => void;

/** Nothing is stored upstream; what the model needs of its own reasoning goes along encrypted. */
export function buildRequest(asked: ChatRequest, target: CallTarget): UpstreamRequest {
  const warnings = createWarnings(asked);
  const fitted = fitRequest(asked, target, "efforts", warnings.add);
  const carried = dropUncarried(fitted.request, target, warnings.add);
  const request = fitOpenaiSchemas(carried, target.traits, warnings.add);
  const { instructions, input } = buildConversation(request, target.traits, warnings.add);
  const reasoning = buildReasoning(request, fitted.reasoning, target);
  const hasReasoning = reasoning !== undefined || input.some((item) => item.type === "reasoning");
  const body = {
    model: target.model,
    ...optional("instructions", instructions),
    input,
    ...(request.tools.length === 0 ? {} : buildTools(request)),
    ...buildLimits(request, target, warnings.add),
    ...optional("text", buildText(request)),
    ...optional("reasoning", reasoning),
    ...(hasReasoning ? { include: ["reasoning.encrypted_content"] } : {}),
    ...optional("prompt_cache_key", request.promptCacheKey),
    ...optional("service_tier", buildOpenaiTier(request, target, warnings.add)),
    ...optional("user", request.endUser),
    store: false,
    stream: target.stream,
  };
  return {
    path: chatPath,
    body: JSON.stringify(body),
    warnings: warnings.list(),
    ...optional("answerTool", fitted.answerTool),
    ...optional("toolNames", fitted.toolNames),
  };
}

function dropUncarried(request: ChatRequest, { traits }: CallTarget, warn: Warn): ChatRequest {
  const { stop, seed, topK, frequencyPenalty, presencePenalty, ...carried } = request;
  for (const [name, value] of Object.entries({ stop, seed, top_k: topK })) {
    if (value !== undefined) warn(`${name}: the Responses format does not carry it; it was not sent.`);
  }
  if (traits.penaltiesInResponses)
    return {
      ...carried,
      ...optional("frequencyPenalty", frequencyPenalty),
      ...optional("presencePenalty", presencePenalty),
    };
  for (const [name, value] of Object.entries({
    frequency_penalty: frequencyPenalty,
    presence_penalty: presencePenalty,
  })) {
    if (value !== undefined) warn(`${name}: OpenAI's Responses do not take it; it was not sent.`);
  }
  return carried;
}

function buildLimits(request: ChatRequest, { traits }: CallTarget, warn: Warn): object {
  const { maxOutputTokens } = request;
  // https://platform.openai.com/docs/api-reference/responses/create
  const least = Math.max(maxOutputTokens ?? 0, traits.minOutputTokens ?? 0);
  if (maxOutputTokens !== undefined && maxOutputTokens < least)
    warn(`max_output_tokens: ${maxOutputTokens} was raised to ${least}, the lowest allowed.`);
  return {
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: least }),
    ...optional("temperature", request.temperature),
    ...optional("top_p", request.topP),
    ...optional("frequency_penalty", request.frequencyPenalty),
    ...optional("presence_penalty", request.presencePenalty),
  };
}

function buildText({ responseFormat, verbosity }: ChatRequest): object | undefined {
  const format = buildFormat(responseFormat);
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
function buildReasoning(request: ChatRequest, plan: ReasoningPlan, { traits }: CallTarget): object | undefined {
  const { reasoning } = request;
  // Here an effort says it, whatever the model's switch elsewhere.
  const effort = plan.off ? "none" : plan.effort;
  if (reasoning === undefined && effort === undefined) return undefined;
  if (traits.thinking === "none") return undefined;
  const { budgetTokens, adaptive, hidden } = reasoning ?? {};
  const wantsWords = !hidden && reasoning?.effort !== "none" && (budgetTokens !== undefined || adaptive === true);
  const summary = reasoning?.summary ?? (wantsWords ? "auto" : undefined);
  if (effort === undefined && summary === undefined) return undefined;
  return { ...optional("effort", effort), ...optional("summary", summary) };
}
