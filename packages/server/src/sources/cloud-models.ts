// What the models of a cloud provider can do: the model table, corrected by the provider's own declaration. Pure.

import { isEmbeddingName } from "@auxot/wire/model-offer";
import type { ModelTraits, TraitsOverride } from "@auxot/wire/model-traits";
import { findTraits } from "../models/find-traits.ts";
import type { CloudModel, CloudSettings } from "../records/providers/providers.ts";
import type { Offer } from "./source.ts";

export type KnownModel = CloudModel & { readonly traits: ModelTraits };

/** `cloud` says where the model is and in which format it is asked. */
export function lookUpModel(model: CloudModel, cloud: Pick<CloudSettings, "dialect" | "baseUrl">): KnownModel {
  const { dialect, baseUrl } = cloud;
  const traits = findTraits({ model: model.id, dialect, baseUrl, override: readDeclared(model) });
  return { ...model, traits: fitReasoning(traits, model, cloud) };
}

/** What the plan has to know of it. Tools that the model takes only in another format are none here. */
export function describeModel(
  { id, abilities, traits }: KnownModel,
  { dialect }: Pick<CloudSettings, "dialect">,
): Pick<Offer, "abilities" | "contextTokens" | "traits"> {
  const isOpenai = dialect !== "anthropic-messages";
  const embeds = isOpenai && (abilities?.embeddings ?? isEmbeddingName(id));
  return {
    abilities: embeds
      ? { tools: false, images: false, reasoning: false, embeddings: true }
      : {
          tools: traits.tools && !(dialect === "openai-chat" && traits.chatTools === "none"),
          images: traits.images,
          reasoning: traits.thinking !== "none",
          ...(isOpenai && abilities?.infill !== false ? { infill: true } : {}),
        },
    contextTokens: traits.contextTokens,
    traits,
  };
}

function readDeclared({ contextTokens, maxOutputTokens, abilities, traits }: CloudModel): TraitsOverride {
  const { reasoning: _, embeddings: __, infill: ___, ...can } = abilities ?? {};
  return {
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...can,
    ...traits,
  };
}

/** Whether it reasons may be declared without knowing how it is asked to. */
function fitReasoning(
  traits: ModelTraits,
  model: CloudModel,
  { dialect }: Pick<CloudSettings, "dialect">,
): ModelTraits {
  if (model.traits?.thinking !== undefined) return traits;
  if (model.abilities?.reasoning === false) return { ...traits, thinking: "none" };
  if (model.abilities?.reasoning !== true || traits.thinking !== "none") return traits;
  return { ...traits, thinking: dialect === "anthropic-messages" ? "budget" : "effort" };
}
