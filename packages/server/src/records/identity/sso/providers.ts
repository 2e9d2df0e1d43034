// Owns identity providers as records: what the configuration declares, what administrators add, secrets sealed.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { ssoSettingsSchema } from "@auxot/wire/operations/sso-providers";
import type { Clock } from "../../../platform/clock.ts";
import type { Sealing } from "../../../platform/sealing.ts";
import type { Executor } from "../../../store/database.ts";
import type { DeclaredSsoProvider, SsoProvider } from "./settings.ts";
import { readDomain } from "./settings.ts";
import type { SsoRow, SsoStore } from "./store.ts";

export type SsoProviders = {
  /** Makes those of the configuration equal to the declared ones. */
  applyConfigured(declared: readonly DeclaredSsoProvider[]): Promise<void>;
  listEnabled(tx?: Executor): Promise<readonly SsoProvider[]>;
  /** Throws `not_found`; with `test` also one that is off is found. */
  require(name: string, test: boolean): Promise<SsoProvider>;
  /** The one that an address belongs to. */
  findFor(email: string): Promise<SsoProvider | undefined>;
  open(row: SsoRow): Promise<SsoProvider>;
};

/** What a provider's secret is sealed for. */
export function nameSecret(providerId: string): string {
  return `sso_provider/client_secret_sealed/${providerId}`;
}

export function createSsoProviders(deps: {
  readonly store: SsoStore;
  readonly sealing: Sealing;
  readonly clock: Clock;
}): SsoProviders {
  const { store, sealing, clock } = deps;

  async function open({ clientSecretSealed, settings, ...row }: SsoRow): Promise<SsoProvider> {
    return {
      ...row,
      clientSecret: await sealing.open(clientSecretSealed, nameSecret(row.id)),
      settings: ssoSettingsSchema.parse(settings),
    };
  }

  async function applyOne(tx: Executor, { name, clientSecret, ...declared }: DeclaredSsoProvider): Promise<void> {
    const at = new Date(clock.now());
    const found = await store.getByName(name, tx);
    if (found !== undefined && found.origin !== "config") {
      throw new Error(
        `sso: an administrator has made an identity provider named "${name}". Remove it, or choose another name.`,
      );
    }
    const id = found?.id ?? createId(idPrefixes.ssoProvider);
    const row = { ...declared, clientSecretSealed: await sealing.seal(clientSecret, nameSecret(id)), enabled: true };
    if (found === undefined) await store.insert(tx, { ...row, id, name, origin: "config", createdAt: at });
    else await store.update(tx, id, row, at);
  }

  async function listEnabled(tx?: Executor): Promise<readonly SsoProvider[]> {
    return Promise.all((await store.listEnabled(tx)).map(open));
  }

  return {
    open,
    listEnabled,
    applyConfigured: (declared) =>
      store.transaction(async (tx) => {
        for (const one of declared) await applyOne(tx, one);
        await store.disableOthers(
          tx,
          declared.map(({ name }) => name),
        );
      }),
    async require(name, test) {
      const row = await store.getByName(name);
      if (row === undefined || !(row.enabled || test)) {
        throw new AppError("not_found", `Nobody can sign in with "${name}" here.`);
      }
      return open(row);
    },
    async findFor(email) {
      const domain = readDomain(email);
      return (await listEnabled()).find(({ settings }) => settings.domains.includes(domain));
    },
  };
}
