// ChatRequest -> a Chat Completions request for an upstream. Messages are built in build-messages.ts.

import type { ChatRequest, ResponseFormat, ToolChoice, ToolDefinition } from "@auxot/wire/chat";
import type { CallTarget, UpstreamRequest } from "../dialect.ts";
import { buildEffort, buildUser, buildVerbosity, isOpenaiModel } from "../openai-limits.ts";
import { optional } from "../read-fields.ts";
import { buildOpenaiTier } from "../service-tier.ts";
import { warnOfGrammars } from "../tool-kinds.ts";
import { createWarnings } from "../warnings.ts";
import { buildMessages } from "./build-messages.ts";

export const chatPath = "/chat/completions";

const maxStops = 4;

export function buildRequest(request: ChatRequest, target: CallTarget): UpstreamRequest {
  const warnings = createWarnings(request);
  warnOfGrammars(request.tools, warnings.add);
  const body = {
    model: target.model,
    messages: buildMessages(request.messages, target.model, warnings.add),
    ...(request.tools.length === 0 ? {} : buildTools(request)),
    ...buildLimits(request, target, warnings.add),
    ...optional("response_format", buildResponseFormat(request.responseFormat)),
    ...optional("reasoning_effort", buildEffort(request, target.model, warnings.add)),
    ...optional("verbosity", buildVerbosity(request, target.model, warnings.add)),
    ...optional("service_tier", buildOpenaiTier(request, target.model, warnings.add)),
    ...optional("user", buildUser(request, warnings.add)),
    ...(isOpenaiModel(target.model) ? optional("prompt_cache_key", request.promptCacheKey) : {}),
    stream: target.stream,
    // Without it the stream says nothing of tokens, and nothing could be metered.
    ...(target.stream ? { stream_options: { include_usage: true } } : {}),
  };
  return { path: chatPath, body: JSON.stringify(body), warnings: warnings.list() };
}

function buildTools(request: ChatRequest): object {
  return {
    tools: request.tools.map(buildTool),
    ...optional("tool_choice", buildToolChoice(request.toolChoice)),
    ...optional("parallel_tool_calls", request.parallelToolCalls),
  };
}

function buildTool(tool: ToolDefinition): object {
  return {
    type: "function",
    function: {
      name: tool.name,
      ...optional("description", tool.description),
      parameters: tool.parameters,
      ...optional("strict", tool.strict),
    },
  };
}

function buildToolChoice(choice: ToolChoice | undefined): unknown {
  return choice?.type === "tool" ? { type: "function", function: { name: choice.name } } : choice?.type;
}

function buildLimits(request: ChatRequest, target: CallTarget, warn: (message: string) => void): object {
  if (request.stop !== undefined && request.stop.length > maxStops) {
    warn(`stop: only the first ${maxStops} of ${request.stop.length} entries were sent.`);
  }
  if (request.topK !== undefined && isOpenaiModel(target.model))
    warn("top_k: OpenAI's models do not take it; it was not sent.");
  // OpenAI's reasoning models refuse `max_tokens`; most other servers know no other name. Until there is a table of
  // models the name decides.
  const limit = /^(o1|o3|o4|gpt-5)/.test(target.model) ? "max_completion_tokens" : "max_tokens";
  return {
    ...optional(limit, request.maxOutputTokens),
    ...optional("temperature", request.temperature),
    ...optional("top_p", request.topP),
    ...(isOpenaiModel(target.model) ? {} : optional("top_k", request.topK)),
    ...optional("stop", request.stop?.slice(0, maxStops)),
    ...optional("seed", request.seed),
    ...optional("frequency_penalty", request.frequencyPenalty),
    ...optional("presence_penalty", request.presencePenalty),
  };
}

function buildResponseFormat(format: ResponseFormat | undefined): object | undefined {
  if (format === undefined) return undefined;
  if (format.type === "json") return { type: "json_object" };
  const { name, schema, strict, description } = format;
  return {
    type: "json_schema",
    json_schema: { name, schema, ...optional("strict", strict), ...optional("description", description) },
  };
}
