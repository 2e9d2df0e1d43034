// Owns what one provider in the YAML file may be.

import { findBuiltInKind } from "../platform/built-in-provider.ts";
import { dialectNames } from "@auxot/wire/chat";
import { traitsOverrideSchema } from "@auxot/wire/model-traits";
import { z } from "zod";
import { createSecret } from "../platform/secret-text.ts";
import type { CloudModel, DeclaredProvider } from "../records/providers/providers.ts";
import type { Path, Problems } from "./problems.ts";

export const providerNamePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

const nameSchema = z
  .string()
  .regex(providerNamePattern, "must be small letters, digits and dashes, 63 at most, not beginning with a dash");
const modelNameSchema = z.string().min(1, "must not be empty").max(200, "must be 200 characters at most");
const countSchema = z.int("must be a whole number").positive("must be 1 or more");

/** Limits and abilities have fields of their own; whatever else the model table holds is declared here. */
const declaredTraitsSchema = traitsOverrideSchema.omit({
  contextTokens: true,
  maxOutputTokens: true,
  tools: true,
  images: true,
  documents: true,
});

const modelSchema = z.strictObject({
  id: modelNameSchema,
  aliases: z.array(modelNameSchema).default([]),
  contextTokens: countSchema.exactOptional(),
  maxOutputTokens: countSchema.exactOptional(),
  abilities: z
    .strictObject({
      tools: z.boolean().exactOptional(),
      images: z.boolean().exactOptional(),
      documents: z.boolean().exactOptional(),
      reasoning: z.boolean().exactOptional(),
      embeddings: z.boolean().exactOptional(),
      infill: z.boolean().exactOptional(),
    })
    .exactOptional(),
  traits: declaredTraitsSchema.exactOptional(),
});

const aliasesSchema = z.record(modelNameSchema, modelNameSchema);

const dialectList = `${dialectNames.slice(0, -1).join(", ")} or ${dialectNames.at(-1)}`;

const localSchema = z.strictObject({ name: nameSchema, kind: z.enum(["gpu", "cli"]) });
const cloudSchema = z.strictObject({
  name: nameSchema,
  kind: z.literal("cloud"),
  dialect: z.enum(dialectNames, {
    error: ({ input }) => `${input === undefined ? "is required:" : "must be"} ${dialectList}`,
  }),
  baseUrl: z.string(),
  apiKey: z
    .string()
    .min(1, "must not be empty")
    .refine((text) => text.trim() === text, "has spaces or line breaks at its ends"),
  models: z.array(z.unknown()).min(1, "must not be empty; leave it out to ask the vendor").exactOptional(),
  aliases: aliasesSchema.default({}),
});

export function checkProvider(
  raw: unknown,
  path: Path,
  problems: Problems,
  warn: (text: string) => void,
): DeclaredProvider | undefined {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    problems.add(path, "must be a group of fields: name, kind, ...");
    return undefined;
  }
  const fields = raw as Readonly<Record<string, unknown>>;
  const builtInKind = findBuiltInKind(fields["name"]);
  if (builtInKind !== undefined && fields["kind"] !== builtInKind) {
    const what = builtInKind.toUpperCase();
    problems.add([...path, "name"], `"${builtInKind}" is the built-in ${what} provider; choose another name`);
  }
  switch (fields["kind"]) {
    case "gpu":
    case "cli":
      return problems.check(path, localSchema, raw);
    case "cloud":
      return checkCloud(fields, path, problems, warn);
    default:
      problems.check([...path, "name"], nameSchema, fields["name"]);
      problems.add(
        [...path, "kind"],
        fields["kind"] === undefined ? "is required: gpu, cli or cloud" : "must be gpu, cli or cloud",
      );
      return undefined;
  }
}

function checkCloud(
  fields: Readonly<Record<string, unknown>>,
  path: Path,
  problems: Problems,
  warn: (text: string) => void,
): DeclaredProvider | undefined {
  const checked = problems.check(path, cloudSchema, fields);
  const baseUrl = checkBaseUrl(fields, path, problems, warn);
  const models = checkModels(fields["models"], path, problems);
  const complete = Array.isArray(fields["models"]) && fields["models"].length === models.length;
  checkAliases(models, complete, fields["aliases"], path, problems);
  if (checked === undefined || baseUrl === undefined) return undefined;
  const { name, kind, dialect, apiKey, aliases } = checked;
  const modelsDeclared = checked.models !== undefined;
  return { name, kind, cloud: { dialect, baseUrl, apiKey: createSecret(apiKey), models, modelsDeclared, aliases } };
}

/** The address as the vendor's own SDK takes it, without slashes at its end. */
function checkBaseUrl(
  fields: Readonly<Record<string, unknown>>,
  path: Path,
  problems: Problems,
  warn: (text: string) => void,
): string | undefined {
  const text = fields["baseUrl"];
  if (typeof text !== "string") return undefined;
  const at = [...path, "baseUrl"];
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    problems.add(at, "must be an address that begins with https:// or http://");
    return undefined;
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    problems.add(at, "must have no user, password, ? or #; the key goes into apiKey");
    return undefined;
  }
  const trimmed = text.trim().replace(/\/+$/, "");
  if (fields["dialect"] === "anthropic-messages" && trimmed.endsWith("/v1")) {
    problems.add(at, `remove the /v1 at its end: ${trimmed.slice(0, -3)}`);
  }
  if (String(fields["dialect"]).startsWith("openai-") && url.pathname === "/") {
    warn(
      `${path[0]}[${path[1]}].baseUrl: has no path. OpenAI's ends in /v1; is this the address the vendor's SDK takes?`,
    );
  }
  return trimmed;
}

function checkModels(raw: unknown, path: Path, problems: Problems): CloudModel[] {
  if (!Array.isArray(raw)) return [];
  const models: CloudModel[] = [];
  for (const [index, entry] of raw.entries()) {
    const at = [...path, "models", index];
    const asObject = typeof entry === "string" ? { id: entry } : entry;
    const model = problems.check(at, modelSchema, asObject);
    if (model !== undefined) models.push(model);
  }
  return models;
}

/** One name must mean one model. `complete` says that every listed model was readable. */
function checkAliases(
  models: readonly CloudModel[],
  complete: boolean,
  rawAliases: unknown,
  path: Path,
  problems: Problems,
): void {
  const meanings = new Map<string, string>();
  const at = [...path, "models"];
  for (const { id } of models) {
    if (meanings.has(id)) problems.add(at, `the model "${id}" is listed twice`);
    meanings.set(id, id);
  }
  for (const { id, aliases } of models) {
    for (const alias of aliases) claim(alias, id, at);
  }
  const parsed = aliasesSchema.safeParse(rawAliases ?? {});
  for (const [alias, id] of Object.entries(parsed.data ?? {})) {
    claim(alias, id, [...path, "aliases", alias]);
    if (complete && !models.some((model) => model.id === id)) {
      problems.add([...path, "aliases", alias], `there is no model "${id}" in models`);
    }
  }

  function claim(alias: string, id: string, where: Path): void {
    const meaning = meanings.get(alias);
    if (meaning !== undefined) problems.add(where, `the alias "${alias}" of "${id}" already means "${meaning}"`);
    else meanings.set(alias, id);
  }
}
