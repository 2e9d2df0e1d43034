// Declares the acts on models: the catalogue, who sees which, names for several, and the order in which they are asked.

import { z } from "zod";
import { modelAbilitiesSchema, tiers } from "../model-offer.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { effectivePriceSchema } from "./prices.ts";
import { idInput, versionInput } from "./texts.ts";

const modelName = z.string().min(1).max(200).regex(/^\S+$/, "must have no spaces");
const modelPattern = modelName.regex(/^[^*]+\*?$|^\*$/, "must be a name, or the beginning of names with * at its end");

export const modelSchema = z.object({
  /** `provider/model`: what names it without doubt. */
  id: z.string(),
  model: z.string(),
  provider: z.string(),
  tier: z.enum(tiers),
  /** Its other names, those of the organisation included. */
  aliases: z.array(z.string()),
  /** It can be asked now. */
  available: z.boolean(),
  abilities: modelAbilitiesSchema,
  contextTokens: z.number().nullable(),
  maxOutputTokens: z.number().nullable(),
  description: z.string().nullable(),
  /** Ids of the teams that see it; null: everybody. */
  visibleTo: z.array(z.string()).nullable(),
  /** As of now, see `priceSchema`. null: nobody knows it, or the caller may not read prices. */
  price: effectivePriceSchema.shape.price,
  /** null: the caller may not read prices. */
  priceFrom: effectivePriceSchema.shape.from.nullable(),
  cloudPrice: effectivePriceSchema.shape.cloudPrice,
  cloudModel: effectivePriceSchema.shape.cloudModel,
});
export type ModelView = z.infer<typeof modelSchema>;

export const listCatalogue = defineOperation({
  name: "models.list",
  summary: "List the models of all providers that you may see, each with what it can do and costs.",
  action: "models.read",
  method: "GET",
  path: "/api/models",
  input: pageInput(
    {
      provider: z.string().max(100).optional().describe("Only its models."),
      tier: z.enum(tiers).optional().describe("Only models of this tier."),
    },
    ["id", "-id"],
  ),
  output: pageOf(modelSchema),
});

export const visibilitySchema = z.object({ model: z.string(), teams: z.array(z.string()).nullable() });
export type VisibilityView = z.infer<typeof visibilitySchema>;

export const listVisibility = defineOperation({
  name: "models.visibility",
  summary: "List which models are kept to some teams.",
  action: "models.edit",
  method: "GET",
  path: "/api/models/visibility",
  input: pageInput({}, ["model", "-model"]),
  output: pageOf(visibilitySchema),
});

export const setVisibility = defineOperation({
  name: "models.set-visibility",
  summary:
    "Keep a model to some teams, or show it to everybody again. Of several rules the one that names it best counts.",
  action: "models.edit",
  method: "PUT",
  path: "/api/models/visibility",
  input: z.strictObject({
    model: modelPattern.describe("A name, provider/model, or the beginning of names with * at its end."),
    teams: z
      .array(idInput)
      .max(200)
      .nullable()
      .describe("Teams that see it; an empty list: administrators only; null: everybody."),
  }),
  output: visibilitySchema,
});

export const aliasSchema = z.object({
  name: z.string(),
  models: z.array(z.string()),
  order: z.enum(["listed", "tiers"]),
  version: z.int(),
});
export type AliasView = z.infer<typeof aliasSchema>;

export const listAliases = defineOperation({
  name: "model-aliases.list",
  summary: "List the organisation's own names for models.",
  action: "models.read",
  method: "GET",
  path: "/api/model-aliases",
  input: pageInput({}, ["name", "-name"]),
  output: pageOf(aliasSchema),
});

export const setAlias = defineOperation({
  name: "model-aliases.set",
  summary: "Give one or several models a name of the organisation's own.",
  action: "models.edit",
  method: "PUT",
  path: "/api/model-aliases/{name}",
  input: z.strictObject({
    name: modelName.regex(/^[^*/]+$/, "must have no * and no /"),
    models: z
      .array(modelName)
      .min(1)
      .max(50)
      .describe("The models it stands for, such as gpu/qwen3-8b; the first is asked first."),
    order: z
      .enum(["listed", "tiers"])
      .default("listed")
      .describe("listed: in that order. tiers: all are equal, in the usual order."),
    version: versionInput,
  }),
  output: aliasSchema,
});

export const removeAlias = defineOperation({
  name: "model-aliases.remove",
  summary: "Remove a name of the organisation's own.",
  action: "models.edit",
  method: "DELETE",
  path: "/api/model-aliases/{name}",
  input: z.strictObject({ name: modelName }),
  output: aliasSchema,
});

export const routingSchema = z.object({
  /** `org`, or the id of a team, a service account or a key. */
  subject: z.string(),
  name: z.string(),
  defaultModel: z.string().nullable(),
  tiers: z.array(z.enum(tiers)).nullable(),
  fallbacks: z.record(z.string(), z.array(z.string())).nullable(),
  version: z.int(),
});
export type RoutingView = z.infer<typeof routingSchema>;

const subjectInput = z
  .string()
  .max(200)
  .regex(
    /^(org$|(tem|svc|key)_.)/,
    "must be org, or the id of a team (tem_…), a service account (svc_…) or a key (key_…)",
  );

export const listRouting = defineOperation({
  name: "routing.list",
  summary: "List for whom the order of models is set.",
  action: "routing.read",
  method: "GET",
  path: "/api/routing",
  input: pageInput({}, ["subject", "-subject"]),
  output: pageOf(routingSchema),
});

export const setRouting = defineOperation({
  name: "routing.set",
  summary:
    "Set what auto means, which tiers are asked in which order, and what stands in for a model: for the organisation, a team, a service account or a key.",
  action: "routing.edit",
  method: "PUT",
  path: "/api/routing/{subject}",
  input: z.strictObject({
    subject: subjectInput,
    defaultModel: modelName.nullable().default(null).describe("What auto asks first."),
    tiers: z
      .array(z.enum(tiers))
      .min(1)
      .refine((list) => new Set(list).size === list.length, "must name each tier once")
      .nullable()
      .default(null)
      .describe("Which tiers are asked, in this order; those left out are not asked at all."),
    fallbacks: z
      .record(modelName, z.array(modelName).min(1).max(20))
      .nullable()
      .default(null)
      .describe('Who stands in for a model: {"gpt-5": ["gpu/qwen3-8b"]}.'),
    version: versionInput,
  }),
  output: routingSchema,
});

export const removeRouting = defineOperation({
  name: "routing.remove",
  summary: "Let the usual order of models hold again.",
  action: "routing.edit",
  method: "DELETE",
  path: "/api/routing/{subject}",
  input: z.strictObject({ subject: subjectInput }),
  output: routingSchema,
});
