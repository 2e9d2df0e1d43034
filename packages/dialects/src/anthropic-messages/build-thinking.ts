// A plan of thinking -> Anthropic's `thinking` and `output_config.effort`.

import type { ReasoningRequest } from "@auxot/wire/chat";
import type { CallTarget } from "../dialect.ts";
import type { ReasoningPlan } from "../fitting/plan-reasoning.ts";
import { optional } from "../reading/read-fields.ts";

export type Thinking =
  | { readonly type: "disabled" }
  | { readonly type: "adaptive"; readonly display?: "summarized" | "omitted" }
  | { readonly type: "enabled"; readonly budget_tokens: number };

type BuiltThinking = { readonly thinking?: Thinking; readonly effort?: string };

/** What the caller wants to read of the thinking, where a model that decides by itself is asked or thinks unasked. */
export function addDisplay(
  thinking: Thinking | undefined,
  asked: ReasoningRequest | undefined,
  { thinks }: ReasoningPlan,
  { traits }: CallTarget,
): Thinking | undefined {
  const display = asked?.hidden ? "omitted" : asked?.summary === undefined ? undefined : "summarized";
  if (display === undefined || !thinks || traits.thinking !== "adaptive") return thinking;
  return thinking === undefined || thinking.type === "adaptive" ? { type: "adaptive", display } : thinking;
}

/** The least Anthropic takes; a budget must also stay below max_tokens. */
const minBudgetTokens = 1024;

export function buildThinking(plan: ReasoningPlan, maxTokens: number, warn: (message: string) => void): BuiltThinking {
  const named = optional("effort", plan.effort);
  if (plan.off) return { thinking: { type: "disabled" }, ...named };
  if (plan.adaptive) return { thinking: { type: "adaptive" }, ...named };
  if (plan.budgetTokens === undefined) return named;
  if (maxTokens <= minBudgetTokens) {
    warn(`thinking: needs max_tokens above ${minBudgetTokens}, got ${maxTokens}; the model was not asked to think.`);
    return named;
  }
  // A budget we made of an effort leaves room for the answer; one of the caller's is only kept within what is allowed.
  const most = plan.budgetIsOurs ? Math.max(minBudgetTokens, Math.floor(maxTokens / 2)) : maxTokens - 1;
  const budget = Math.min(Math.max(plan.budgetTokens, minBudgetTokens), most);
  if (budget !== plan.budgetTokens && !plan.budgetIsOurs)
    warn(`thinking: the budget of ${plan.budgetTokens} tokens was changed to ${budget}.`);
  return { thinking: { type: "enabled", budget_tokens: budget }, ...named };
}
