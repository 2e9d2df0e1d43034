// ChatRequest -> a Chat Completions request for an upstream. Messages are built in build-messages.ts.

import type { ChatMessage, ChatRequest, ResponseFormat, ToolChoice, ToolDefinition } from "@auxot/wire/chat";
import type { CallTarget, UpstreamRequest } from "../dialect.ts";
import { fitRequest } from "../fitting/fit-request.ts";
import { fitOpenaiSchemas } from "../fitting/fit-tools.ts";
import { switchOff, type ReasoningPlan } from "../fitting/plan-reasoning.ts";
import { optional } from "../reading/read-fields.ts";
import { buildOpenaiTier } from "../fitting/service-tier.ts";
import { warnOfGrammars } from "../fitting/tool-kinds.ts";
import { createWarnings } from "../warnings.ts";
import { buildMessages } from "./build-messages.ts";

type Warn = (message: string) => void;

export const chatPath = "/chat/completions";

export function buildRequest(asked: ChatRequest, target: CallTarget): UpstreamRequest {
  const warnings = createWarnings(asked);
  const hasTools = asked.tools.length > 0 && target.traits.chatTools === "without-effort";
  const fitted = fitRequest(asked, target, hasTools ? "none" : "efforts", warnings.add);
  const { answerTool, toolNames } = fitted;
  const reasoning = keepThinking(fitted.request, fitted.reasoning, target, warnings.add);
  const request = fitOpenaiSchemas(fitted.request, target.traits, warnings.add);
  warnOfGrammars(request.tools, warnings.add);
  const body = {
    model: target.model,
    messages: buildMessages(request.messages, target.traits, warnings.add),
    ...(request.tools.length === 0 ? {} : buildTools(request)),
    ...buildLimits(request, target),
    ...optional("response_format", buildResponseFormat(request.responseFormat)),
    ...optional("reasoning_effort", reasoning.effort),
    ...(reasoning.off ? { thinking: { type: "disabled" } } : {}),
    ...optional("verbosity", request.verbosity),
    ...optional("service_tier", buildOpenaiTier(request, target, warnings.add)),
    ...optional("user", request.endUser),
    ...(target.traits.promptCacheKey ? optional("prompt_cache_key", request.promptCacheKey) : {}),
    stream: target.stream,
    // Without it most streams say nothing of tokens, and nothing could be metered.
    ...(target.stream && target.traits.streamOptions ? { stream_options: { include_usage: true } } : {}),
  };
  return {
    path: chatPath,
    body: JSON.stringify(body),
    warnings: warnings.list(),
    ...optional("answerTool", answerTool),
    ...optional("toolNames", toolNames),
  };
}

/**
 * DeepSeek refuses a history whose calls came without reasoning, e.g. because another provider made them, unless it is
 * told not to think. https://api-docs.deepseek.com/guides/thinking_mode
 */
function keepThinking(request: ChatRequest, plan: ReasoningPlan, { traits }: CallTarget, warn: Warn): ReasoningPlan {
  if (!traits.thinkingSwitch || !plan.thinks || !request.messages.some(lacksReasoning)) return plan;
  warn("reasoning: calls of this conversation were not made with this provider's thinking; it was switched off.");
  return switchOff(traits, "efforts");
}

function lacksReasoning({ role, content }: ChatMessage): boolean {
  const types = new Set(content.map(({ type }) => type));
  return role === "assistant" && types.has("tool-call") && !types.has("reasoning");
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

function buildLimits(request: ChatRequest, { traits }: CallTarget): object {
  return {
    // OpenAI's reasoning models refuse `max_tokens`; most other servers know no other name.
    ...optional(traits.maxTokensField, request.maxOutputTokens),
    ...optional("temperature", request.temperature),
    ...optional("top_p", request.topP),
    ...optional("top_k", request.topK),
    ...optional("stop", request.stop),
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
