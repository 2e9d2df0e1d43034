// Wires what limits callers: limits and leases from the database, prices from their room.

import { costOf } from "@auxot/wire/price";
import { openAdmission, type AdmissionRoom } from "../admission/admission.ts";
import type { CostOf } from "../admission/estimate.ts";
import { createLeaseStore } from "../admission/lease-store.ts";
import type { Config } from "../config/settings.ts";
import type { AnyOperationHandler } from "../operations/handler.ts";
import { systemClock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { PriceOf } from "../platform/price-of.ts";
import { createLimitOperations } from "../records/limits/operations.ts";
import { createRaiseOperations } from "../records/limits/raise-operations.ts";
import { createLimitStore } from "../records/limits/store.ts";
import type { Database } from "../store/database.ts";

export function startAdmission(database: Database, config: Config, priceOf: PriceOf, log: Log): Promise<AdmissionRoom> {
  const costHere: CostOf = (place, usage, at = systemClock.now()) => {
    const price = priceOf({ ...place, at });
    return price === undefined ? undefined : costOf(usage, price);
  };
  return openAdmission({
    limits: createLimitStore(database),
    leases: createLeaseStore(database),
    costOf: costHere,
    clock: { now: () => systemClock.now(), ticks: () => performance.now() },
    log,
    // An embedded database is this router's alone.
    alone: config.databaseUrl === undefined,
    waitMs: config.limits.queueWaitMs,
    onAlert() {},
  });
}

export function listLimitOperations(database: Database, admission: AdmissionRoom): readonly AnyOperationHandler[] {
  const { reload: onChanged, findIdsFor, readUse } = admission;
  const deps = { store: createLimitStore(database), onChanged, findIdsFor, readUse };
  return [...createLimitOperations(deps), ...createRaiseOperations(deps)];
}
