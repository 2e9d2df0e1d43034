// The model table: what is known of a model, from the vendored data set and our own rules. Pure; the words are in
// wire/model-traits.ts, the data in the two JSON files beside this one.

import type { DialectName } from "@auxot/wire/chat";
import { defaultTraits, traitsOverrideSchema, type ModelTraits, type TraitsOverride } from "@auxot/wire/model-traits";
import { z } from "zod";
import tableData from "./model-table.json" with { type: "json" };
import ruleData from "./model-rules.json" with { type: "json" };
import { listModelIds } from "./normalize-id.ts";

const kindSchema = z.enum(["openai", "openai-compatible", "anthropic", "anthropic-compatible"]);
type Kind = z.infer<typeof kindSchema>;

/** `source` is where the facts stand, for people. `like` names a group whose traits come first. */
const rowSchema = z.strictObject({
  source: z.url().exactOptional(),
  kind: kindSchema.exactOptional(),
  like: z.string().exactOptional(),
  ...traitsOverrideSchema.shape,
});
const rulesSchema = z.strictObject({
  kinds: z.record(kindSchema, traitsOverrideSchema),
  hosts: z.record(z.string(), rowSchema),
  groups: z.record(z.string(), traitsOverrideSchema),
  families: z.record(z.string(), rowSchema),
});

type Rule = { readonly kind: Kind | undefined; readonly traits: TraitsOverride };

const models = new Map(Object.entries(z.record(z.string(), traitsOverrideSchema).parse(tableData.models)));
const rules = rulesSchema.parse(ruleData);
const hosts = Object.entries(rules.hosts).map(([host, row]) => [host, readRule(row)] as const);
/** Shorter names first: a longer one says more. */
const families = Object.entries(rules.families)
  .map(([name, row]) => [name, readRule(row)] as const)
  .toSorted(([a], [b]) => a.length - b.length);

export type TraitsQuestion = {
  /** The vendor's id. */
  readonly model: string;
  readonly dialect: DialectName;
  /** Where the provider is, as configured. */
  readonly baseUrl: string;
  /** What the provider's declaration says. */
  readonly override?: TraitsOverride | undefined;
};

/**
 * What the declaration says, else the host, the data set's row of the very model, the rules of its family, the row of a
 * model whose id this one continues, and what is usual at such a provider, each over the next.
 */
export function findTraits({ model, dialect, baseUrl, override = {} }: TraitsQuestion): ModelTraits {
  const ids = listModelIds(model);
  const [id = ""] = ids;
  const host = findHost(baseUrl);
  const family = families.filter(([name]) => isOfFamily(ids, name)).map(([, rule]) => rule);
  const kind = host?.kind ?? family.findLast((rule) => rule.kind !== undefined)?.kind ?? findUsualKind(dialect);
  const row = findRow(ids);
  return {
    ...defaultTraits,
    ...rules.kinds[kind],
    ...(row === undefined ? findRelative(id) : {}),
    ...joinTraits(family),
    ...row,
    ...host?.traits,
    ...override,
  };
}

/** A family is named by how its ids begin; one that ends in "$" is the model of that very name, whatever its date. */
function isOfFamily([id = "", undated]: readonly string[], name: string): boolean {
  if (!name.endsWith("$")) return id.startsWith(name);
  return [id, undated].includes(name.slice(0, -1));
}

function joinTraits(family: readonly Rule[]): TraitsOverride {
  return Object.assign({}, ...family.map(({ traits }) => traits)) as TraitsOverride;
}

function readRule(row: z.infer<typeof rowSchema>): Rule {
  const { source: _, kind, like, ...traits } = row;
  const group = like === undefined ? {} : rules.groups[like];
  if (group === undefined) throw new Error(`model-rules.json has no group "${like}".`);
  return { kind, traits: { ...group, ...traits } };
}

function findHost(baseUrl: string): Rule | undefined {
  const name = URL.parse(baseUrl)?.hostname ?? "";
  return hosts.find(([host]) => name === host || name.endsWith(`.${host}`))?.[1];
}

function findUsualKind(dialect: DialectName): Kind {
  return dialect === "anthropic-messages" ? "anthropic-compatible" : "openai-compatible";
}

function findRow(ids: readonly string[]): TraitsOverride | undefined {
  for (const id of ids) {
    const row = models.get(id);
    if (row !== undefined) return row;
  }
  return undefined;
}

/**
 * A variant of a known model thinks as that does; what it can hold and see may differ. An id without a number, such as
 * "deepseek-chat", names a whole line of models, of which nothing follows for one.
 */
function findRelative(id: string): TraitsOverride | undefined {
  for (let end = id.lastIndexOf("-"); end > 0; end = id.lastIndexOf("-", end - 1)) {
    const stem = id.slice(0, end);
    const row = models.get(stem);
    if (row === undefined || !/\d/.test(stem)) continue;
    const { contextTokens: _, maxOutputTokens: __, images: ___, ...thinking } = row;
    return thinking;
  }
  return undefined;
}
