// Does what wire/operations/sso-providers.ts declares. Secrets go in and never come out.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import {
  createSsoProvider,
  disableSsoProvider,
  enableSsoProvider,
  listSsoProviders,
  removeSsoProvider,
  testSsoProvider,
  updateSsoProvider,
  type SsoProviderView,
} from "@auxot/wire/operations/sso-providers";
import { eraseHandler, requireVersion, type AnyOperationHandler, type Work } from "../../../operations/handler.ts";
import { requireAccess } from "../../../platform/access/may.ts";
import type { Sealing } from "../../../platform/sealing.ts";
import { createSecret } from "../../../platform/secret-text.ts";
import type { Discovery } from "./discovery.ts";
import { createRedirectUrl } from "./paths.ts";
import { changesTheWay, mergeWritten, planIdentity, type AskedChange } from "./plan-change.ts";
import { nameSecret, type SsoProviders } from "./providers.ts";
import type { Descriptions } from "./saml/descriptions.ts";
import { createServiceMetadataUrl, nameUs } from "./saml/name-us.ts";
import type { SsoProvider } from "./settings.ts";
import type { SsoChange, SsoStore } from "./store.ts";

export type SsoOperationsDeps = {
  readonly store: SsoStore;
  readonly providers: SsoProviders;
  readonly discovery: Discovery;
  readonly descriptions: Descriptions;
  readonly sealing: Sealing;
  readonly hasPasswords: boolean;
  origins(): readonly string[];
};

export function createSsoOperations(deps: SsoOperationsDeps): readonly AnyOperationHandler[] {
  const { store, providers, discovery, descriptions, origins } = deps;
  const toView = (provider: SsoProvider): SsoProviderView => writeView(provider, origins());

  async function find(work: Work, id: string): Promise<SsoProvider> {
    const row = await store.get(id, work.tx);
    if (row !== undefined) return providers.open(row);
    throw new AppError("not_found", `There is no identity provider with the id "${id}".`, { param: "id" });
  }

  async function change(work: Work, before: SsoProvider, changes: SsoChange): Promise<SsoProviderView> {
    await store.update(work.tx, before.id, changes, work.now);
    return tell(work, before, await find(work, before.id));
  }

  function tell(work: Work, before: SsoProvider | null, after: SsoProvider): SsoProviderView {
    const view = toView(after);
    work.changed({
      kind: "sso-provider",
      id: after.id,
      name: after.name,
      before: before && toView(before),
      after: view,
    });
    return view;
  }

  /** Without passwords somebody must be able to come in. */
  async function requireAnother(work: Work, id: string): Promise<void> {
    if (deps.hasPasswords || (await store.listEnabled(work.tx)).some((one) => one.id !== id)) return;
    throw new AppError(
      "conflict",
      "This is the last way to sign in: passwords are off. Allow passwords or add another provider first.",
    );
  }

  return [
    eraseHandler({
      operation: listSsoProviders,
      async handle(caller, input, { tx }) {
        requireAccess(caller, "sso-providers.read");
        const { rows, nextCursor } = await store.list(tx, input);
        return { items: await Promise.all(rows.map(async (row) => toView(await providers.open(row)))), nextCursor };
      },
    }),
    createHandler(deps, tell, find),
    eraseHandler({
      operation: updateSsoProvider,
      async handle(caller, { id, version, ...asked }, work) {
        requireAccess(caller, "sso-providers.edit");
        const before = await find(work, id);
        requireOwn(before);
        requireVersion("identity provider", before.version, version);
        return change(work, before, await planChange(deps, work, before, asked));
      },
    }),
    eraseHandler({
      operation: testSsoProvider,
      async handle(caller, { id }, work) {
        requireAccess(caller, "sso-providers.edit");
        const provider = await find(work, id);
        if (provider.kind === "saml") await descriptions.read(provider, true);
        else {
          await discovery.read(provider, true);
          await discovery.readKeys(provider, true);
        }
        return { url: `${origins()[0]}/api/auth/sso/${provider.name}/start?test=true` };
      },
    }),
    eraseHandler({
      operation: enableSsoProvider,
      async handle(caller, { id }, work) {
        requireAccess(caller, "sso-providers.edit");
        const before = await find(work, id);
        requireOwn(before);
        if (before.testedAt === null) {
          throw new AppError(
            "conflict",
            `Test "${before.name}" first: nobody went the whole way with these settings yet.`,
          );
        }
        return before.enabled ? toView(before) : change(work, before, { enabled: true });
      },
    }),
    eraseHandler({
      operation: disableSsoProvider,
      async handle(caller, { id }, work) {
        requireAccess(caller, "sso-providers.edit");
        const before = await find(work, id);
        requireOwn(before);
        if (!before.enabled) return toView(before);
        await requireAnother(work, id);
        return change(work, before, { enabled: false });
      },
    }),
    eraseHandler({
      operation: removeSsoProvider,
      async handle(caller, { id }, work) {
        requireAccess(caller, "sso-providers.edit");
        const before = await find(work, id);
        requireOwn(before);
        if (before.enabled) await requireAnother(work, id);
        await store.remove(work.tx, id);
        const view = toView(before);
        work.changed({ kind: "sso-provider", id, name: before.name, before: view, after: null });
        return view;
      },
    }),
  ];
}

function createHandler(
  { store, sealing, providers }: SsoOperationsDeps,
  tell: (work: Work, before: null, after: SsoProvider) => SsoProviderView,
  find: (work: Work, id: string) => Promise<SsoProvider>,
): AnyOperationHandler {
  return eraseHandler({
    operation: createSsoProvider,
    async handle(caller, { name, kind, issuer, clientId, clientSecret, metadata, ...settings }, work) {
      requireAccess(caller, "sso-providers.edit");
      const id = createId(idPrefixes.ssoProvider);
      const hasSecret = clientSecret !== undefined;
      const written = { kind, issuer: issuer ?? null, clientId: clientId ?? null, hasSecret, metadata, settings };
      const identity = await planIdentity(written);
      const ownKey = settings.signRequests ? await providers.makeOwnKey(id) : null;
      const clientSecretSealed = hasSecret ? await sealing.seal(createSecret(clientSecret), nameSecret(id)) : ownKey;
      const row = { id, name, kind, ...identity, clientSecretSealed, enabled: false } as const;
      if (!(await store.insert(work.tx, { ...row, origin: "created", createdAt: work.now }))) {
        throw new AppError("conflict", `There is an identity provider named "${name}" already.`, { param: "name" });
      }
      return tell(work, null, await find(work, id));
    },
  });
}

/** What decides whether signing in works at all must be tested again. */
async function planChange(
  { sealing, hasPasswords, store, providers }: SsoOperationsDeps,
  work: Work,
  before: SsoProvider,
  asked: AskedChange,
): Promise<SsoChange> {
  const { clientSecret } = asked;
  const after = await planIdentity(mergeWritten(before, asked));
  const isNewWay = clientSecret !== undefined || changesTheWay(before, after);
  const isLast = !hasPasswords && before.enabled && (await store.listEnabled(work.tx)).length === 1;
  if (isNewWay && isLast) {
    throw new AppError(
      "conflict",
      "This is the last way to sign in, and the change would switch it off until it is tested. Allow passwords first.",
    );
  }
  const { signRequests } = after.settings;
  const isOtherKey = before.kind === "saml" && signRequests !== (before.ownKey !== null);
  const ownKey = isOtherKey ? { clientSecretSealed: signRequests ? await providers.makeOwnKey(before.id) : null } : {};
  return {
    ...after,
    ...(clientSecret === undefined
      ? ownKey
      : { clientSecretSealed: await sealing.seal(createSecret(clientSecret), nameSecret(before.id)) }),
    ...(isNewWay ? { enabled: false, testedAt: null } : {}),
  };
}

function requireOwn({ origin, name }: SsoProvider): void {
  if (origin === "created") return;
  throw new AppError("conflict", `"${name}" stands in auxot.yaml. Change it there and restart.`);
}

function writeView(provider: SsoProvider, origins: readonly string[]): SsoProviderView {
  const { id, name, kind, issuer, settings, origin, enabled, testedAt, version, createdAt } = provider;
  const us =
    provider.kind === "saml"
      ? nameUs(origins, provider)
      : { entityId: provider.clientId, answerUrl: createRedirectUrl(origins, name) };
  return {
    id,
    name,
    kind,
    issuer,
    clientId: us.entityId,
    origin,
    enabled,
    version,
    ...settings,
    redirectUrl: us.answerUrl,
    serviceCertificate: provider.kind === "saml" ? (provider.ownKey?.certificate ?? null) : null,
    serviceMetadataUrl: kind === "saml" ? createServiceMetadataUrl(origins, name) : null,
    testedAt: testedAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}
