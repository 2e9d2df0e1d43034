// How fast and at what price the caller wants to be served, in the words of each vendor.

import { serviceTiers, type ChatRequest } from "@auxot/wire/chat";
import type { CallTarget } from "../dialect.ts";
import { isAbsent, optional, readString } from "../reading/read-fields.ts";

type Warn = (message: string) => void;

/** OpenAI's `service_tier`; one we do not know is left to OpenAI. */
export function readServiceTier(value: unknown, unknown: string[]): Pick<ChatRequest, "serviceTier"> {
  if (isAbsent(value)) return {};
  const tier = readString(value, "service_tier");
  const known = serviceTiers.find((candidate) => candidate === tier);
  if (known === undefined) unknown.push("service_tier");
  return optional("serviceTier", known);
}

/** Servers that imitate OpenAI's formats may refuse the field, and "auto" is what they do without it. */
export function buildOpenaiTier({ serviceTier }: ChatRequest, target: CallTarget, warn: Warn): string | undefined {
  const { model, traits } = target;
  if (serviceTier === undefined || traits.serviceTier) return serviceTier;
  if (serviceTier !== "auto") warn(`service_tier: ${model} is not known to take "${serviceTier}"; it was not sent.`);
  return undefined;
}

/** Anthropic's `service_tier`: https://platform.claude.com/docs/en/api/service-tiers */
export function buildAnthropicTier({ serviceTier }: ChatRequest, warn: Warn): "auto" | "standard_only" | undefined {
  switch (serviceTier) {
    case undefined:
    case "auto":
      return serviceTier;
    case "default":
      return "standard_only";
    case "flex":
    case "priority":
      warn(`service_tier: Anthropic has no "${serviceTier}" to ask for; it was not sent.`);
      return undefined;
  }
}
