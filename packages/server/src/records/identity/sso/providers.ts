// Owns identity providers as records: what the configuration declares, what administrators add, secrets sealed.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { ssoSettingsSchema } from "@auxot/wire/operations/sso-providers";
import type { Clock } from "../../../platform/clock.ts";
import type { Sealing } from "../../../platform/sealing.ts";
import { createSecret, type Secret } from "../../../platform/secret-text.ts";
import type { Executor } from "../../../store/database.ts";
import { createOwnKey } from "./saml/own-key.ts";
import { settleSaml } from "./saml/settle.ts";
import type { DeclaredSsoProvider, SamlProvider, SsoProvider } from "./settings.ts";
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
  /** Sealed for the provider with this id: a new key with which its requests are signed. */
  makeOwnKey(id: string): Promise<string>;
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

  async function open({ clientSecretSealed: sealed, settings: stored, ...row }: SsoRow): Promise<SsoProvider> {
    const { kind, issuer, clientId, ...rest } = row;
    const settings = ssoSettingsSchema.parse(stored);
    if (kind === "saml") {
      const ownKey = sealed === null ? null : readOwnKey(await sealing.open(sealed, nameSecret(row.id)));
      return { ...rest, kind, issuer, clientId, settings, ownKey };
    }
    if (issuer === null || clientId === null || sealed === null) {
      throw new Error(`The identity provider "${row.name}" lacks an issuer, client or secret in the database.`);
    }
    return { ...rest, kind, issuer, clientId, clientSecret: await sealing.open(sealed, nameSecret(row.id)), settings };
  }

  async function planRow(declared: DeclaredSsoProvider, id: string, before: SsoRow | undefined) {
    if (declared.kind === "oidc") {
      const { kind, issuer, clientId, clientSecret, settings } = declared;
      return {
        kind,
        issuer,
        clientId,
        settings,
        clientSecretSealed: await sealing.seal(clientSecret, nameSecret(id)),
      };
    }
    const settled = await settleSaml(declared);
    if (!("problems" in settled)) {
      const kept = before?.kind === "saml" ? before.clientSecretSealed : null;
      const clientSecretSealed = settled.settings.signRequests ? (kept ?? (await makeOwnKey(id))) : null;
      return { kind: declared.kind, ...settled, clientSecretSealed };
    }
    const said = settled.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
    throw new Error(`sso: the identity provider "${declared.name}" cannot be used: ${said}`);
  }

  const makeOwnKey: SsoProviders["makeOwnKey"] = async (id) => {
    const { privateKey, certificate } = await createOwnKey("Auxot", new Date(clock.now()));
    return sealing.seal(createSecret(privateKey + certificate), nameSecret(id));
  };

  async function applyOne(tx: Executor, declared: DeclaredSsoProvider): Promise<void> {
    const { name } = declared;
    const at = new Date(clock.now());
    const found = await store.getByName(name, tx);
    if (found !== undefined && found.origin !== "config") {
      throw new Error(
        `sso: an administrator has made an identity provider named "${name}". Remove it, or choose another name.`,
      );
    }
    const id = found?.id ?? createId(idPrefixes.ssoProvider);
    const row = { ...(await planRow(declared, id, found)), enabled: true };
    if (found === undefined) await store.insert(tx, { ...row, id, name, origin: "config", createdAt: at });
    else await store.update(tx, id, row, at);
  }

  async function listEnabled(tx?: Executor): Promise<readonly SsoProvider[]> {
    return Promise.all((await store.listEnabled(tx)).map(open));
  }

  return {
    open,
    makeOwnKey,
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

/** Stored as both texts, one after the other. */
function readOwnKey(stored: Secret): SamlProvider["ownKey"] {
  const text = stored.reveal();
  const border = text.indexOf("-----BEGIN CERTIFICATE-----");
  return { privateKey: createSecret(text.slice(0, border)), certificate: text.slice(border) };
}
