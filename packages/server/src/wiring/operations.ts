// Wires who does each operation, and what they are held to.

import { allOperations } from "@auxot/wire/operations/all";
import type { Hub } from "../hub/hub.ts";
import { createWorkerOperations } from "../hub/operations.ts";
import type { AnyOperationHandler } from "../operations/handler.ts";
import { requirePaired } from "../operations/pair.ts";
import { createAuditOperations } from "../records/audit/operations.ts";
import { createKeyRingOperations } from "../records/key-ring/operations.ts";
import { keepToLicence } from "../records/licence/features.ts";
import { createLicenceOperations } from "../records/licence/operations.ts";
import { createPriceOperations } from "../records/prices/operations.ts";
import { createPriceStore } from "../records/prices/store.ts";
import { createRequestLogOperations } from "../records/request-log/operations.ts";
import { createRequestLogStore } from "../records/request-log/store.ts";
import { createSecretOperations } from "../records/secrets/operations.ts";
import { createUsageOperations } from "../records/usage/operations.ts";
import { createUsageQueryStore } from "../records/usage/query-store.ts";
import { listUsageRecords } from "../records/usage/records-store.ts";
import type { Offer } from "../sources/source.ts";
import { createPeopleParts } from "./administration.ts";
import { listLimitOperations, type LimitRoom } from "./admission.ts";
import type { Foundation } from "./foundation.ts";
import { createConfigurationParts } from "./configuration.ts";
import type { Records } from "./records.ts";

/** Those of every operation there is: throws when one is missing. */
export function listHandlers(
  { database, ring }: Foundation,
  records: Records,
  { hub, admission, offers }: { readonly hub: Hub; readonly admission: LimitRoom; offers(): readonly Offer[] },
): readonly AnyOperationHandler[] {
  const { keys, identity, models, prices, configured, licensing } = records;
  const ofNouns = keepToLicence(
    [
      ...createPeopleParts({ keys, identity, models, offers, explainPrice: prices.explain }),
      ...identity.operations,
      ...createWorkerOperations(hub),
      ...createAuditOperations(records.audit),
      ...createRequestLogOperations(createRequestLogStore(database), records.requestLog),
      ...createSecretOperations(records.secrets),
      ...createKeyRingOperations(ring),
      ...createLicenceOperations(licensing),
      ...createPriceOperations({
        store: createPriceStore(database),
        prices,
        findTier: (name) => configured.get(name)?.kind,
      }),
      ...listLimitOperations(database, admission),
      ...createUsageOperations({ store: createUsageQueryStore(database), list: listUsageRecords }),
    ],
    licensing,
  );
  const handlers = [...ofNouns, ...createConfigurationParts(ofNouns, keys)];
  requirePaired(allOperations, handlers);
  return handlers;
}
