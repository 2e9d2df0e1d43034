// What the caller asked about thinking -> what a model can be asked, by its traits. Each format writes the result its own way.

import { reasoningEfforts, type ChatRequest, type ReasoningEffort } from "@auxot/wire/chat";
import { defaultTraits, type ModelTraits } from "@auxot/wire/model-traits";
import type { CallTarget } from "../dialect.ts";

type Warn = (message: string) => void;

/** At most one of `off`, `adaptive`, `budgetTokens`; none of them, and no effort: the request says nothing of thinking. */
export type ReasoningPlan = {
  /** The model will think, asked or not. */
  readonly thinks: boolean;
  /** The caller asked for it. */
  readonly asked: boolean;
  /** The request says that it shall not. */
  readonly off?: true;
  readonly adaptive?: true;
  /** Not yet fitted to the limit of the answer. */
  readonly budgetTokens?: number;
  /** The budget stands for an effort; the caller named none. */
  readonly budgetIsOurs?: true;
  readonly effort?: ReasoningEffort;
};

/** How the format asks for thinking. `none`: the request must say that there shall be none. */
export type ReasoningFormat = "efforts" | "budgets" | "none";

const nothing: ReasoningPlan = { thinks: false, asked: false };

/** Gives the nearest the model and the format can be asked, and tells what was changed. */
export function planReasoning(
  request: ChatRequest,
  target: CallTarget,
  format: ReasoningFormat,
  warn: Warn,
): ReasoningPlan {
  const { traits, model } = target;
  const { effort, budgetTokens, adaptive } = request.reasoning ?? {};
  const asked = effort !== undefined || budgetTokens !== undefined || adaptive === true;
  if (traits.thinking === "none") {
    if (asked && effort !== "none") warn(`reasoning: ${model} does not reason; the field was not sent.`);
    return nothing;
  }
  if (format === "none") {
    if (effort !== "none" && (asked || traits.thinksByDefault))
      warn(`reasoning: ${model} takes tools in this format only without it; it was switched off.`);
    return switchOff(traits, "efforts");
  }
  if (!asked) return { thinks: traits.thinksByDefault, asked: false };
  if (effort === "none") return refuseThinking(target, format, warn);
  return { thinks: true, asked: true, ...askThinking(request, target, format, warn) };
}

/** No thinking, said as the model wants it. Only where it can be switched off. */
export function switchOff(traits: ModelTraits, format: ReasoningFormat): ReasoningPlan {
  if (format === "budgets") return traits.thinkingOff === "asked" ? { ...nothing, off: true } : nothing;
  if (traits.thinkingSwitch) return { ...nothing, off: true };
  return knownEfforts(traits).includes("none") ? { ...nothing, effort: "none" } : nothing;
}

/** False for models that think whatever they are told. */
export function canSwitchOff(traits: ModelTraits, format: ReasoningFormat): boolean {
  if (format === "efforts" && traits.thinking === "effort")
    return traits.thinkingSwitch || knownEfforts(traits).includes("none");
  return traits.thinkingOff !== "never";
}

function refuseThinking({ traits, model }: CallTarget, format: "efforts" | "budgets", warn: Warn): ReasoningPlan {
  if (canSwitchOff(traits, format)) return switchOff(traits, format);
  const lowest = findNearest("none", traits);
  const instead = lowest === undefined ? "it thinks" : `effort "${lowest}" was sent`;
  warn(`reasoning: ${model} cannot do without; ${instead}.`);
  const effort = lowest === undefined ? {} : { effort: lowest };
  return { thinks: true, asked: true, ...(format === "budgets" ? { adaptive: true } : {}), ...effort };
}

function askThinking(
  request: ChatRequest,
  target: CallTarget,
  format: "efforts" | "budgets",
  warn: Warn,
): Partial<ReasoningPlan> {
  const { effort, budgetTokens, adaptive } = request.reasoning ?? {};
  const { traits } = target;
  const isAdaptive = traits.thinking === "adaptive";
  if (format === "budgets" && !isAdaptive) {
    if (adaptive && budgetTokens === undefined && effort === undefined)
      warn(`thinking: ${target.model} cannot decide by itself; a budget of ${findBudget("medium")} tokens was sent.`);
    const named = effort !== undefined && traits.efforts.length > 0 ? findNearest(effort, traits) : undefined;
    return {
      ...(budgetTokens === undefined
        ? { budgetTokens: findBudget(effort ?? "medium"), budgetIsOurs: true }
        : { budgetTokens }),
      ...(named === undefined ? {} : { effort: named }),
    };
  }
  const wanted = effort ?? (budgetTokens === undefined ? undefined : findEffort(budgetTokens));
  const sent = findNearest(wanted ?? "medium", traits);
  // "adaptive" leaves the effort to the model; one that does not think of itself has to be told.
  const isNeeded = wanted !== undefined || (format === "efforts" && !traits.thinksByDefault);
  if (wanted !== undefined && sent !== effort)
    warn(
      `reasoning: ${describe(effort, budgetTokens)} was sent as ${sent === undefined ? "adaptive" : `effort "${sent}"`}.`,
    );
  return {
    ...(format === "budgets" ? { adaptive: true } : {}),
    ...(sent === undefined || !isNeeded ? {} : { effort: sent }),
  };
}

function describe(effort: ReasoningEffort | undefined, budgetTokens: number | undefined): string {
  return effort === undefined ? `a budget of ${budgetTokens} tokens` : `effort "${effort}"`;
}

/** Models that are asked by a budget elsewhere know the usual efforts where a format has no budgets. */
function knownEfforts(traits: ModelTraits): readonly ReasoningEffort[] {
  return traits.efforts.length > 0 || traits.thinking === "adaptive" ? traits.efforts : defaultTraits.efforts;
}

/** The one it knows, else the nearest, of two as near the lower. Never "none" unless asked for. */
function findNearest(asked: ReasoningEffort, traits: ModelTraits): ReasoningEffort | undefined {
  const known = knownEfforts(traits);
  if (known.includes(asked)) return asked;
  const distance = (effort: ReasoningEffort): number =>
    Math.abs(reasoningEfforts.indexOf(effort) - reasoningEfforts.indexOf(asked));
  return reasoningEfforts
    .filter((effort) => effort !== "none" && known.includes(effort))
    .reduce<ReasoningEffort | undefined>(
      (best, effort) => (best === undefined || distance(effort) < distance(best) ? effort : best),
      undefined,
    );
}

function findEffort(budgetTokens: number): ReasoningEffort {
  if (budgetTokens <= 2048) return "low";
  return budgetTokens <= 8192 ? "medium" : "high";
}

function findBudget(effort: ReasoningEffort): number {
  switch (effort) {
    case "none":
    case "minimal":
      return 1024;
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
