// What the caller asked about thinking -> Anthropic's `thinking` and `output_config.effort`.

import type { ReasoningRequest } from "@auxot/wire/chat";

export type Thinking =
  | { readonly type: "disabled" }
  | { readonly type: "adaptive" }
  | { readonly type: "enabled"; readonly budget_tokens: number };

type BuiltThinking = { readonly thinking?: Thinking; readonly effort?: string };

/** The least Anthropic takes; a budget must also stay below max_tokens. */
const minBudgetTokens = 1024;

export function buildThinking(
  reasoning: ReasoningRequest | undefined,
  model: string,
  maxTokens: number,
  warn: (message: string) => void,
): BuiltThinking {
  if (reasoning === undefined) return {};
  const effort = reasoning.effort === "minimal" ? "low" : reasoning.effort;
  if (effort === "none") return { thinking: { type: "disabled" } };
  const named = effort === undefined ? {} : { effort };
  if (reasoning.budgetTokens !== undefined)
    return { ...buildBudget(reasoning.budgetTokens, maxTokens, warn), ...named };
  if (reasoning.adaptive) return { thinking: { type: "adaptive" }, ...named };
  if (effort === undefined) return {};
  if (!takesBudgets(model)) return { thinking: { type: "adaptive" }, effort };
  return buildBudget(findBudget(effort), maxTokens, () => {});
}

/** Models before 4.6 know no adaptive thinking. Until there is a table of models the name decides. */
function takesBudgets(model: string): boolean {
  return /claude-3|claude-(opus|sonnet|haiku)-4(-[0-5])?(-\d{8}|@|$)/.test(model);
}

function findBudget(effort: "low" | "medium" | "high" | "xhigh" | "max"): number {
  switch (effort) {
    case "low":
      return 2048;
    case "medium":
      return 8192;
    case "high":
      return 16_384;
    case "xhigh":
    case "max":
      return 32_768;
  }
}

function buildBudget(budgetTokens: number, maxTokens: number, warn: (message: string) => void): BuiltThinking {
  if (maxTokens <= minBudgetTokens) {
    warn(`thinking: needs max_tokens above ${minBudgetTokens}, got ${maxTokens}; the model was not asked to think.`);
    return {};
  }
  const budget = Math.min(Math.max(budgetTokens, minBudgetTokens), maxTokens - 1);
  if (budget !== budgetTokens) warn(`thinking: the budget of ${budgetTokens} tokens was changed to ${budget}.`);
  return { thinking: { type: "enabled", budget_tokens: budget } };
}
