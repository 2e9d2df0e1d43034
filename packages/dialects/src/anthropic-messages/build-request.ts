// ChatRequest -> a Messages request for an upstream. Turns are built in build-messages.ts, thinking in build-thinking.ts.

import type { ChatRequest, ResponseFormat, ToolDefinition } from "@auxot/wire/chat";
import type { CallTarget, UpstreamRequest } from "../dialect.ts";
import { fitRequest } from "../fitting/fit-request.ts";
import { fitAnthropicSchemas } from "../fitting/fit-tools.ts";
import { optional } from "../reading/read-fields.ts";
import { buildAnthropicTier } from "../fitting/service-tier.ts";
import { warnOfGrammars } from "../fitting/tool-kinds.ts";
import { createWarnings } from "../warnings.ts";
import { buildConversation, cacheMark } from "./build-messages.ts";
import { addDisplay, buildThinking, type Thinking } from "./build-thinking.ts";
import { limitCacheMarks } from "./limit-cache-marks.ts";
import type { AnthropicTextBlock, AnthropicTurn } from "./schema.ts";
import { lacksThinking } from "./thinking-loop.ts";

export const chatPath = "/v1/messages";

type Warn = (message: string) => void;

const jsonInstruction = "Answer with one JSON object and nothing else.";
/** What an answer may have where neither the caller nor the table sets a limit: the format demands one. */
const usualMaxTokens = 4096;

export function buildRequest(asked: ChatRequest, target: CallTarget): UpstreamRequest {
  const warnings = createWarnings(asked);
  const { request: fitted, reasoning, answerTool, toolNames } = fitRequest(asked, target, "budgets", warnings.add);
  const request = fitAnthropicSchemas(fitted, warnings.add);
  warnOfDropped(request, warnings.add);
  warnOfGrammars(request.tools, warnings.add);
  const maxTokens =
    request.maxOutputTokens ?? target.traits.maxOutputTokens ?? usualMaxTokens + (reasoning.budgetTokens ?? 0);
  const conversation = buildConversation(request.messages, target.traits, warnings.add);
  const { system, messages, tools } = limitCacheMarks(
    { ...conversation, tools: request.tools.map(buildTool) },
    warnings.add,
  );
  const { effort, ...built } = buildThinking(reasoning, maxTokens, warnings.add);
  const shown = addDisplay(built.thinking, request.reasoning, reasoning, target);
  const thinking = keepThinking(shown, messages, target, warnings.add);
  const instructions =
    request.responseFormat?.type === "json" ? [...system, buildJsonInstruction(warnings.add)] : system;
  const format = buildFormat(request.responseFormat);
  const body = {
    model: target.model,
    max_tokens: maxTokens,
    ...(instructions.length === 0 ? {} : { system: instructions }),
    messages,
    ...(tools.length === 0 ? {} : { tools, ...optional("tool_choice", buildToolChoice(request)) }),
    ...buildSampling(request, warnings.add),
    ...optional("stop_sequences", buildStops(request.stop, warnings.add)),
    ...optional("thinking", thinking),
    ...(effort === undefined && format === undefined
      ? {}
      : { output_config: { ...optional("effort", effort), ...optional("format", format) } }),
    ...optional("service_tier", buildAnthropicTier(request, warnings.add)),
    ...buildMetadata(request.endUser, warnings.add),
    stream: target.stream,
  };
  return {
    path: chatPath,
    body: JSON.stringify(body),
    warnings: warnings.list(),
    ...optional("answerTool", answerTool),
    ...optional("toolNames", toolNames),
  };
}

function keepThinking(
  thinking: Thinking | undefined,
  messages: readonly AnthropicTurn[],
  { traits }: CallTarget,
  warn: Warn,
): Thinking | undefined {
  const thinksUnasked = thinking === undefined && traits.thinking === "budget" && traits.thinksByDefault;
  if (thinking?.type !== "enabled" && !thinksUnasked) return thinking;
  const turns = messages.map(({ role, content }) => ({ role, types: content.map(({ type }) => type) }));
  if (!lacksThinking(turns)) return thinking;
  warn(
    "thinking: the tool calls answered here were not made with this provider's thinking; it was left out this turn.",
  );
  return traits.thinksByDefault ? { type: "disabled" } : undefined;
}

function warnOfDropped(request: ChatRequest, warn: Warn): void {
  if (request.seed !== undefined) warn("seed: Anthropic's format does not carry it; it was not sent.");
  if (request.frequencyPenalty !== undefined)
    warn("frequency_penalty: Anthropic's format does not carry it; it was not sent.");
  if (request.presencePenalty !== undefined)
    warn("presence_penalty: Anthropic's format does not carry it; it was not sent.");
  if (request.verbosity !== undefined) warn("verbosity: Anthropic's format does not carry it; it was not sent.");
}

function buildJsonInstruction(warn: Warn): AnthropicTextBlock {
  warn("response_format: Anthropic has no plain JSON mode; the model was asked for it in words.");
  return { type: "text", text: jsonInstruction };
}

function buildFormat(format: ResponseFormat | undefined): object | undefined {
  if (format?.type !== "json-schema") return undefined;
  return { type: "json_schema", schema: format.schema };
}

function buildTool(tool: ToolDefinition): object {
  return {
    name: tool.name,
    ...optional("description", tool.description),
    input_schema: tool.parameters,
    ...optional("strict", tool.strict),
    ...cacheMark(tool),
  };
}

function buildToolChoice(request: ChatRequest): object | undefined {
  const isSerial = request.parallelToolCalls === false;
  const serial = isSerial ? { disable_parallel_tool_use: true } : {};
  const choice = request.toolChoice;
  if (choice === undefined) return isSerial ? { type: "auto", ...serial } : undefined;
  if (choice.type === "none") return { type: "none" };
  if (choice.type === "auto") return { type: "auto", ...serial };
  return choice.type === "tool" ? { type: "tool", name: choice.name, ...serial } : { type: "any", ...serial };
}

function buildSampling(request: ChatRequest, warn: Warn): object {
  const { temperature, topP, topK } = request;
  if (temperature !== undefined && temperature > 1)
    warn(`temperature: ${temperature} was lowered to 1, Anthropic's highest.`);
  return {
    ...(temperature === undefined ? {} : { temperature: Math.min(1, temperature) }),
    ...optional("top_p", topP),
    ...optional("top_k", topK),
  };
}

function buildStops(stop: readonly string[] | undefined, warn: Warn): readonly string[] | undefined {
  const filled = stop?.filter((entry) => entry.trim() !== "");
  if (filled?.length !== stop?.length)
    warn("stop: entries of white space are refused by Anthropic; they were not sent.");
  return filled?.length === 0 ? undefined : filled;
}

/** Anthropic asks for opaque ids and forbids names, addresses and numbers of people. */
function buildMetadata(endUser: string | undefined, warn: Warn): object {
  if (endUser === undefined) return {};
  if (/^\S+@\S+\.\S+$|^\+?[\d\s()./-]{7,}$/.test(endUser)) {
    warn("user: it looks like an e-mail address or phone number, which Anthropic forbids; it was not sent.");
    return {};
  }
  return { metadata: { user_id: endUser } };
}
