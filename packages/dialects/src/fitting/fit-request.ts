// A request as a model takes it, by its traits: limits, refused parameters, forced tools, thinking, schemas. Every call side
// begins with it; after it only the rules of its own format are left. What is changed is told, one sentence each.

import type { ChatRequest } from "@auxot/wire/chat";
import type { SamplingParameter } from "@auxot/wire/model-traits";
import { addAnswerTool } from "./answer-tool.ts";
import type { CallTarget } from "../dialect.ts";
import { canSwitchOff, planReasoning, switchOff, type ReasoningFormat, type ReasoningPlan } from "./plan-reasoning.ts";
import { optional } from "../reading/read-fields.ts";
import { fitToolNames, type ToolNames } from "./tool-names.ts";

type Warn = (message: string) => void;

export type FittedRequest = {
  readonly request: ChatRequest;
  readonly reasoning: ReasoningPlan;
  /** The name of the tool whose input is the answer, where the schema had to become a tool. */
  readonly answerTool?: string;
  /** The caller's names of tools that were renamed, by those that are sent. */
  readonly toolNames?: ToolNames;
};

/** `format` is how this request may ask for thinking. */
export function fitRequest(given: ChatRequest, target: CallTarget, format: ReasoningFormat, warn: Warn): FittedRequest {
  const { traits } = target;
  const { request: asked, toolNames } = fitToolNames(given, traits.maxToolNameLength);
  const structured = traits.structuredOutput ? undefined : addAnswerTool(asked);
  const whole = structured?.request ?? asked;
  const planned = planReasoning(whole, target, format, warn);
  const { toolChoice, reasoning } = fitToolChoice(whole, planned, target, format, structured !== undefined, warn);
  const { toolChoice: _, ...rest } = whole;
  const request = { ...rest, ...optional("toolChoice", toolChoice) };
  warnOfPrefill(request, target, warn);
  return {
    request: fitRest(fitSampling(request, target, reasoning.thinks, warn), target, warn),
    reasoning,
    ...optional("answerTool", structured?.answerTool),
    ...optional("toolNames", toolNames),
  };
}

/** Where a forced call and thinking exclude each other, what the caller asked for in words comes first. */
function fitToolChoice(
  request: ChatRequest,
  reasoning: ReasoningPlan,
  { traits, model }: CallTarget,
  format: ReasoningFormat,
  isAnswer: boolean,
  warn: Warn,
): { readonly toolChoice: ChatRequest["toolChoice"]; readonly reasoning: ReasoningPlan } {
  const { toolChoice } = request;
  const isForced = toolChoice?.type === "required" || toolChoice?.type === "tool";
  if (!isForced || traits.forcedTools === "always") return { toolChoice, reasoning };
  if (traits.forcedTools === "never") {
    warn(`tool_choice: ${model} cannot be made to call a tool; "auto" was sent.`);
    return { toolChoice: { type: "auto" }, reasoning };
  }
  if (!reasoning.thinks) return { toolChoice, reasoning };
  if ((isAnswer || !reasoning.asked) && canSwitchOff(traits, format)) {
    if (reasoning.asked)
      warn(`thinking: the schema needs a forced tool call, which does not go with it; it was switched off.`);
    return { toolChoice, reasoning: switchOff(traits, format) };
  }
  warn(`tool_choice: a forced tool call does not go with thinking; "auto" was sent.`);
  return { toolChoice: { type: "auto" }, reasoning };
}

/** The parameters with their names in the public formats and the value that changes nothing. */
const sampling = [
  ["temperature", "temperature", 1],
  ["top_p", "topP", 1],
  ["top_k", "topK", undefined],
  ["frequency_penalty", "frequencyPenalty", 0],
  ["presence_penalty", "presencePenalty", 0],
  ["seed", "seed", undefined],
  ["stop", "stop", undefined],
] as const satisfies readonly (readonly [SamplingParameter, keyof ChatRequest, number | undefined])[];

function fitSampling(request: ChatRequest, { traits, model }: CallTarget, thinks: boolean, warn: Warn): ChatRequest {
  const fitted: { -readonly [Name in keyof ChatRequest]: ChatRequest[Name] } = { ...request };
  for (const [name, field, neutral] of sampling) {
    const value = fitted[field];
    const always = traits.refuses.includes(name);
    if (value === undefined || !(always || (thinks && traits.refusesWhileThinking.includes(name)))) continue;
    delete fitted[field];
    if (value === neutral) continue;
    warn(`${name}: ${always ? `${model} does not take it` : "not allowed next to thinking"}; it was not sent.`);
  }
  if (traits.temperatureOrTopP && fitted.temperature !== undefined && fitted.topP !== undefined) {
    if (fitted.topP !== 1) warn(`top_p: ${model} does not take it together with temperature; it was not sent.`);
    delete fitted.topP;
  }
  if (fitted.stop !== undefined && traits.maxStops !== undefined && fitted.stop.length > traits.maxStops) {
    warn(`stop: only the first ${traits.maxStops} of ${fitted.stop.length} entries were sent.`);
    fitted.stop = fitted.stop.slice(0, traits.maxStops);
  }
  return fitted;
}

function fitRest(request: ChatRequest, target: CallTarget, warn: Warn): ChatRequest {
  const { traits, model } = target;
  const { maxOutputTokens, endUser, verbosity, tools, ...rest } = request;
  if (verbosity !== undefined && !traits.verbosity)
    warn(`verbosity: ${model} is not known to take it; it was not sent.`);
  return {
    ...rest,
    tools: traits.strictTools ? tools : loosenTools(tools, model, warn),
    ...optional("maxOutputTokens", fitOutput(maxOutputTokens, target, warn)),
    ...optional("endUser", fitUser(endUser, target, warn)),
    ...(traits.verbosity ? optional("verbosity", verbosity) : {}),
  };
}

function fitOutput(asked: number | undefined, { traits, model }: CallTarget, warn: Warn): number | undefined {
  const most = traits.maxOutputTokens;
  if (asked === undefined || most === undefined || asked <= most) return asked;
  warn(`max_tokens: ${asked} was lowered to ${most}, the most ${model} writes.`);
  return most;
}

/** The same user stays the same name, and nobody learns more from it. */
function fitUser(endUser: string | undefined, { model, traits, hash }: CallTarget, warn: Warn): string | undefined {
  const most = traits.maxUserLength;
  if (endUser !== undefined && !traits.endUser) {
    warn(`user: ${model} takes no name of an end user; it was not sent.`);
    return undefined;
  }
  if (endUser === undefined || most === undefined || endUser.length <= most) return endUser;
  warn(`user: longer than ${most} characters; its SHA-256 was sent instead.`);
  return hash(endUser).slice(0, most);
}

function loosenTools(tools: ChatRequest["tools"], model: string, warn: Warn): ChatRequest["tools"] {
  return tools.map((tool) => {
    const { strict, ...loose } = tool;
    if (strict === true) warn(`tools: ${model} does not take strict; ${tool.name} was sent without.`);
    return loose;
  });
}

function warnOfPrefill({ messages }: ChatRequest, { traits, model }: CallTarget, warn: Warn): void {
  if (traits.prefill === "ignored" && messages.at(-1)?.role === "assistant")
    warn(`messages: ${model} answers anew; it does not go on with the last message.`);
}
