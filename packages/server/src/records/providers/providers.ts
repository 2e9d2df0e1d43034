// Owns what an administrator configured as places to run models. Knows nothing of live workers or HTTP.

import { builtInProviders, findBuiltInKind } from "../../platform/built-in-provider.ts";
import { dialectNames, type DialectName } from "@auxot/wire/chat";
import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import type { ModelAbilities, Tier } from "@auxot/wire/model-offer";
import { traitsOverrideSchema, type TraitsOverride } from "@auxot/wire/model-traits";
import { z } from "zod";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { nameContext, type Sealing } from "../../platform/sealing.ts";
import type { Secret } from "../../platform/secret-text.ts";
import type { ProviderRow, ProviderStore } from "./store.ts";

/** A model of a cloud provider. What is absent is up to the model table. */
export type CloudModel = {
  /** The vendor's own id. */
  readonly id: string;
  readonly aliases: readonly string[];
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly abilities?: Partial<ModelAbilities> & { readonly documents?: boolean };
  /** Whatever else is declared of it. */
  readonly traits?: TraitsOverride;
};

/** How a cloud provider is reached. `baseUrl` is what the vendor's own SDK takes, without a trailing slash. */
export type CloudSettings = {
  readonly dialect: DialectName;
  readonly baseUrl: string;
  readonly apiKey: Secret;
  /** Declared in the configuration, else the ones discovered last. */
  readonly models: readonly CloudModel[];
  /** The configuration lists the models: nothing is discovered. */
  readonly modelsDeclared: boolean;
  /** Other names for models of this provider: alias to model id. */
  readonly aliases: Readonly<Record<string, string>>;
};

/** `cloud` is there exactly when `kind` is "cloud". */
export type Provider = {
  readonly id: string;
  readonly name: string;
  readonly kind: Tier;
  readonly cloud?: CloudSettings;
};

/** As the configuration declares it. */
export type DeclaredProvider = Omit<Provider, "id">;

export type Providers = {
  /** Makes the stored providers equal to the declared ones, plus the built-in ones, "gpu" and "cli". Removed ones lose their API key and their worker keys stop working. */
  applyConfigured(declared: readonly DeclaredProvider[]): Promise<void>;
  /** Ordered by name. Throws `internal` when a stored API key cannot be opened. */
  list(): Promise<readonly Provider[]>;
  /** Keeps what a vendor's model list said. Ignored for providers whose models are declared. */
  saveDiscoveredModels(id: string, models: readonly CloudModel[]): Promise<void>;
};

export type ProvidersDeps = {
  readonly store: ProviderStore;
  readonly sealing: Sealing;
  readonly clock: Clock;
  readonly log: Log;
};

/** The providers of workers that every router has; the bundled worker belongs to "gpu". */
const builtIns = Object.entries(builtInProviders).map(([name, kind]): DeclaredProvider => ({ name, kind }));

export function createProviders({ store, sealing, clock, log }: ProvidersDeps): Providers {
  /** The stored text when it still holds `apiKey`, so that a start without changes writes no new secrets. */
  async function sealAgain(row: ProviderRow | undefined, id: string, apiKey: Secret): Promise<string> {
    if (row?.apiKeySealed != null && (await tryOpen(row.apiKeySealed, id))?.reveal() === apiKey.reveal()) {
      return row.apiKeySealed;
    }
    return sealing.seal(apiKey, contextOf(id));
  }

  async function tryOpen(sealed: string, id: string): Promise<Secret | undefined> {
    try {
      return await sealing.open(sealed, contextOf(id));
    } catch (err) {
      log.info({ err, providerId: id }, "A stored API key cannot be opened; the declared one replaces it");
      return undefined;
    }
  }

  async function planRow(declared: DeclaredProvider, row: ProviderRow | undefined): Promise<ProviderRow> {
    const id = row?.id ?? createId(idPrefixes.provider);
    const base = { id, name: declared.name, kind: declared.kind, origin: row?.origin ?? "config" } as const;
    const { cloud } = declared;
    if (cloud === undefined) return { ...base, ...noCloud };
    // What was discovered stays known until it is asked for again, unless it is another vendor's now.
    const known = row !== undefined && !row.modelsDeclared && row.baseUrl === cloud.baseUrl;
    const keepModels = known && !cloud.modelsDeclared;
    return {
      ...base,
      dialect: cloud.dialect,
      baseUrl: cloud.baseUrl,
      apiKeySealed: await sealAgain(row, id, cloud.apiKey),
      models: keepModels ? row.models : cloud.models,
      modelsDeclared: cloud.modelsDeclared,
      modelsDiscoveredAt: keepModels ? row.modelsDiscoveredAt : null,
      aliases: cloud.aliases,
    };
  }

  async function toProvider(row: ProviderRow): Promise<Provider> {
    const { id, name, kind } = row;
    if (kind !== "cloud") return { id, name, kind };
    const dialect = dialectNames.find((known) => known === row.dialect);
    if (dialect === undefined || row.baseUrl === null || row.apiKeySealed === null) {
      throw new AppError("internal", `The stored provider "${name}" is not complete.`);
    }
    const cloud = {
      dialect,
      baseUrl: row.baseUrl,
      apiKey: await sealing.open(row.apiKeySealed, contextOf(id)),
      models: modelsSchema.parse(row.models),
      modelsDeclared: row.modelsDeclared,
      aliases: row.aliases,
    };
    return { id, name, kind, cloud };
  }

  return {
    async applyConfigured(declared) {
      const missing = builtIns.filter(({ name }) => !declared.some((one) => one.name === name));
      const wanted = [...missing, ...declared];
      await store.replaceAll(new Date(clock.now()), (rows) =>
        Promise.all(
          wanted.map(async (one): Promise<ProviderRow> => {
            const row = await planRow(
              one,
              rows.find((stored) => stored.name === one.name),
            );
            return findBuiltInKind(one.name) !== undefined ? { ...row, origin: "system" } : row;
          }),
        ),
      );
    },
    list: async () => Promise.all((await store.list()).map(toProvider)),
    saveDiscoveredModels: (id, models) => store.saveDiscoveredModels(id, models, new Date(clock.now())),
  };
}

function contextOf(id: string): string {
  return nameContext("provider", "api_key_sealed", id);
}

const noCloud = {
  dialect: null,
  baseUrl: null,
  apiKeySealed: null,
  models: [],
  modelsDeclared: false,
  modelsDiscoveredAt: null,
  aliases: {},
} as const;

const modelsSchema: z.ZodType<readonly CloudModel[]> = z.array(
  z.object({
    id: z.string(),
    aliases: z.array(z.string()),
    contextTokens: z.number().exactOptional(),
    maxOutputTokens: z.number().exactOptional(),
    abilities: z
      .object({
        tools: z.boolean().exactOptional(),
        images: z.boolean().exactOptional(),
        documents: z.boolean().exactOptional(),
        reasoning: z.boolean().exactOptional(),
        embeddings: z.boolean().exactOptional(),
        infill: z.boolean().exactOptional(),
      })
      .exactOptional(),
    traits: traitsOverrideSchema.exactOptional(),
  }),
);
