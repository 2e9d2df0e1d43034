// What a model can do, in Anthropic's words: the `capabilities` of its model objects.
// https://platform.claude.com/docs/en/api/models/list

import { reasoningEfforts, type ReasoningEffort } from "@auxot/wire/chat";
import { defaultTraits, type ModelTraits } from "@auxot/wire/model-traits";
import type { Offer } from "../sources/source.ts";

type Support = { readonly supported: boolean };

/** Every key that Anthropic names is there. What the router does not have, such as batches, is told as not supported. */
export function listCapabilities(offer: Offer): unknown {
  const traits = readTraits(offer);
  const isVendor = offer.dialect === "anthropic-messages";
  return {
    batch: say(false),
    citations: say(isVendor),
    code_execution: say(false),
    context_management: {
      ...say(false),
      clear_thinking_20251015: null,
      clear_tool_uses_20250919: null,
      compact_20260112: null,
    },
    effort: listEfforts(traits),
    image_input: say(traits.images),
    pdf_input: say(traits.documents),
    server_tools: { ...say(false), code_execution: say(false), web_search: say(false) },
    structured_outputs: say(true),
    thinking: listThinking(traits),
  };
}

/** Workers say only what their offers hold. */
function readTraits({ traits, abilities, contextTokens }: Offer): ModelTraits {
  if (traits !== undefined) return traits;
  return {
    ...defaultTraits,
    images: abilities.images,
    documents: abilities.images,
    thinking: abilities.reasoning ? defaultTraits.thinking : "none",
    ...(contextTokens === undefined ? {} : { contextTokens }),
  };
}

/** All that a request may name: what the model does not know is sent as the nearest it does. */
function listEfforts({ thinking, efforts }: ModelTraits): unknown {
  const isKnown = (effort: ReasoningEffort): Support => say(thinking !== "none" && efforts.includes(effort));
  const [, , low, medium, high, xhigh, max] = reasoningEfforts;
  return {
    ...say(thinking !== "none" && efforts.length > 0),
    low: isKnown(low),
    medium: isKnown(medium),
    high: isKnown(high),
    xhigh: isKnown(xhigh),
    max: isKnown(max),
  };
}

function listThinking({ thinking, thinkingOff }: ModelTraits): unknown {
  const thinks = thinking !== "none";
  return {
    ...say(thinks),
    types: {
      adaptive: say(thinks),
      between_tools: say(false),
      disabled: say(!thinks || thinkingOff !== "never"),
      enabled: say(thinks),
    },
  };
}

function say(supported: boolean): Support {
  return { supported };
}
