// What OpenAI's models and the servers that imitate them take, for both of its formats. Until there is a table of models
// the name decides.

import type { ChatRequest, ReasoningEffort } from "@auxot/wire/chat";

const maxUserLength = 64;

export function isOpenaiModel(model: string): boolean {
  return /^(o1|o3|o4|gpt-[345]|chatgpt)/.test(model);
}

/** False for models that answer 400 when they are asked to reason; other servers ignore the field or understand it. */
export function mayReason(model: string): boolean {
  return !/^(gpt-3|gpt-4|chatgpt)/.test(model);
}

/** The effort nearest to what the caller asked for; adaptive thinking is the model's own default. */
export function buildEffort(
  request: ChatRequest,
  model: string,
  warn: (message: string) => void,
): ReasoningEffort | undefined {
  const { effort, budgetTokens } = request.reasoning ?? {};
  const asked = effort ?? (budgetTokens === undefined ? undefined : findEffort(budgetTokens));
  if (asked === undefined) return undefined;
  if (!mayReason(model)) {
    if (asked !== "none") warn(`reasoning: ${model} does not reason; the field was not sent.`);
    return undefined;
  }
  const wanted = clampEffort(asked, model);
  if (wanted !== effort)
    warn(`reasoning: ${effort ?? `a budget of ${budgetTokens} tokens`} was sent as effort "${wanted}".`);
  return wanted;
}

/** Only OpenAI's newer models know the outer efforts; other servers refuse the words they do not know. */
function clampEffort(effort: ReasoningEffort, model: string): ReasoningEffort {
  if (model.startsWith("gpt-5")) return effort;
  if (effort === "minimal" || (effort === "none" && isOpenaiModel(model))) return "low";
  return effort === "xhigh" || effort === "max" ? "high" : effort;
}

function findEffort(budgetTokens: number): ReasoningEffort {
  if (budgetTokens <= 2048) return "low";
  return budgetTokens <= 8192 ? "medium" : "high";
}

/** OpenAI refuses longer names of end users. */
export function buildUser(request: ChatRequest, warn: (message: string) => void): string | undefined {
  if (request.endUser === undefined || request.endUser.length <= maxUserLength) return request.endUser;
  warn(`user: longer than ${maxUserLength} characters; it was not sent.`);
  return undefined;
}

/** Newer than most servers of these formats, which may refuse a field they do not know. */
export function buildVerbosity(
  { verbosity }: ChatRequest,
  model: string,
  warn: (message: string) => void,
): ChatRequest["verbosity"] {
  if (verbosity === undefined || model.startsWith("gpt-5")) return verbosity;
  warn(`verbosity: ${model} is not known to take it; it was not sent.`);
  return undefined;
}
