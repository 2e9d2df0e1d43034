// Opens what the router keeps: providers, keys, people, prices, usage, answers, contents, the audit log. Each is closed at
// the stop.

import { join } from "node:path";
import { createAuditLog } from "../operations/audit-log.ts";
import type { AppendAudit } from "../operations/audit-entry.ts";
import type { Secret } from "../platform/secret-text.ts";
import { createSigner } from "../platform/signer.ts";
import { createAudit, type Audit } from "../records/audit/audit.ts";
import type { Identity } from "../records/identity/identity.ts";
import { createKeys, type Keys } from "../records/keys/keys.ts";
import { createKeyStore } from "../records/keys/store.ts";
import { openLicensing, type Licensing } from "../records/licence/licensing.ts";
import { createLicenceStore } from "../records/licence/store.ts";
import { openModelSettings, type LiveModelSettings } from "../records/models/settings.ts";
import { createModelStore } from "../records/models/store.ts";
import { createPrices, type Prices } from "../records/prices/prices.ts";
import { createPriceStore } from "../records/prices/store.ts";
import { createProviders, type Provider, type Providers } from "../records/providers/providers.ts";
import { createProviderStore } from "../records/providers/store.ts";
import { createRequestLog, type RequestLog } from "../records/request-log/request-log.ts";
import { createRequestLogStore } from "../records/request-log/store.ts";
import { createResponses, type Responses } from "../records/responses/responses.ts";
import { createResponseStore } from "../records/responses/store.ts";
import { createSecrets, type Secrets } from "../records/secrets/secrets.ts";
import { createSecretStore } from "../records/secrets/store.ts";
import { createRollupStore } from "../records/usage/rollup-store.ts";
import { createUsageStore } from "../records/usage/store.ts";
import { createUsageTender } from "../records/usage/tend.ts";
import { createUsageWriter, type UsageWriter } from "../records/usage/writer.ts";
import type { Foundation } from "./foundation.ts";
import { openIdentity } from "./identity.ts";

export type Records = {
  readonly providers: Providers;
  /** By name. */
  readonly configured: ReadonlyMap<string, Provider>;
  readonly keys: Keys;
  /** For the bundled worker. */
  readonly workerKey: Secret;
  readonly audit: Audit;
  readonly appendAudit: AppendAudit;
  readonly secrets: Secrets;
  readonly licensing: Licensing;
  readonly prices: Prices;
  readonly identity: Identity;
  readonly usage: UsageWriter;
  readonly responses: Responses;
  readonly requestLog: RequestLog;
  readonly models: LiveModelSettings;
};

/** `onFirstKey` is told before anything else can fail: nobody can see that key again. `origins`: see `FoundationDeps`. */
export async function openRecords(
  foundation: Foundation,
  on: { readonly onFirstKey: ((key: string) => void) | undefined; origins(): readonly string[] },
): Promise<Records> {
  const { config, clock, log, defer, database, ring, alone } = foundation;
  const { sealing, workingKeys } = ring;
  const providers = createProviders({ store: createProviderStore(database), sealing, clock, log });
  await providers.applyConfigured(config.providers);
  const { keys, workerKey } = await openKeys(foundation, on.onFirstKey);

  const signer = createSigner({
    current: () => workingKeys.current("audit-anchor"),
    all: () => workingKeys.all("audit-anchor"),
  });
  const audit = createAudit({ database, dataDir: config.dataDir, settings: config.audit, signer, clock, log });
  defer(() => audit.close());
  audit.start();
  const appendAudit = createAuditLog(log, audit.append);
  const secrets = createSecrets({ store: createSecretStore(database), sealing, note: audit.note, clock, log });
  defer(() => secrets.close());
  const { vendorKey } = config;
  const licensing = await openLicensing({ store: createLicenceStore(database), vendorKey, clock, log });
  defer(() => licensing.close());

  const configured = new Map((await providers.list()).map((provider) => [provider.name, provider]));
  const findBaseUrl = (name: string): string | undefined => configured.get(name)?.cloud?.baseUrl;
  const prices = await createPrices({ store: createPriceStore(database), findBaseUrl, log });
  defer(() => prices.close());

  const identity = await openIdentity(foundation, { keys, licensing, appendAudit, origins: on.origins });

  const tender = createUsageTender({ store: createRollupStore(database), retention: config.usage, clock, log });
  defer(() => tender.close());
  const usage = createUsageWriter({ insert: createUsageStore(database).insert, clock, log });
  defer(() => usage.close());
  const { retentionDays } = config.responses;
  const responses = createResponses({ store: createResponseStore(database), clock, log, retentionDays });
  // What was left running by a router that is gone has failed.
  await responses.failAbandoned(alone);
  defer(() => responses.close());
  const requestLog = await createRequestLog({ store: createRequestLogStore(database), clock, log });
  defer(() => requestLog.close());
  const models = await openModelSettings({ store: createModelStore(database), log });
  defer(() => models.close());
  const parts = { providers, configured, keys, workerKey, audit, appendAudit, secrets, licensing, prices, identity };
  return { ...parts, usage, responses, requestLog, models };
}

async function openKeys(
  { config, clock, log, defer, database, pepper }: Foundation,
  onFirstKey: ((key: string) => void) | undefined,
): Promise<Pick<Records, "keys" | "workerKey">> {
  const keys = await createKeys({ store: createKeyStore(database), pepper, clock, log });
  defer(() => keys.close());
  await keys.applyConfigured(config.keys);
  const { created } = await keys.ensureBootstrap(config.bootstrapKey);
  if (created !== undefined) onFirstKey?.(created);
  return { keys, workerKey: await keys.ensureBundledWorkerKey(join(config.dataDir, "worker.key")) };
}
