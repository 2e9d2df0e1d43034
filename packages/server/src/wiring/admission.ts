// Wires what limits callers: limits and leases from the database, prices from their room, and the webhook that is told.

import { randomUUID } from "node:crypto";
import { costOf } from "@auxot/wire/price";
import { openAdmission, type AdmissionRoom } from "../admission/admission.ts";
import type { CostOf } from "../admission/estimate.ts";
import { createLeaseStore } from "../admission/lease-store.ts";
import type { Config } from "../config/settings.ts";
import type { AnyOperationHandler } from "../operations/handler.ts";
import { systemClock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { PriceOf } from "../platform/price-of.ts";
import { toAlertEvent } from "../records/limits/events.ts";
import { createLimitOperations } from "../records/limits/operations.ts";
import { createRaiseOperations } from "../records/limits/raise-operations.ts";
import { createLimitStore } from "../records/limits/store.ts";
import { createWebhookOperations } from "../records/webhook/operations.ts";
import { createSendToWebhook, type SendToWebhook } from "../records/webhook/send.ts";
import { createWebhookStore } from "../records/webhook/store.ts";
import { createWebhook, noWebhook, type Webhook } from "../records/webhook/webhook.ts";
import type { Database } from "../store/database.ts";
import { createDeliveryClaims } from "../store/delivery-claims.ts";

export type LimitRoom = AdmissionRoom & { readonly webhook: Webhook; readonly send: SendToWebhook | undefined };

export async function startAdmission(
  database: Database,
  config: Config,
  priceOf: PriceOf,
  log: Log,
): Promise<LimitRoom> {
  const limits = createLimitStore(database);
  // An embedded database is this router's alone.
  const alone = config.databaseUrl === undefined;
  const send = config.webhook === undefined ? undefined : createSendToWebhook(config.webhook, systemClock);
  const webhook = send === undefined ? noWebhook : openWebhook(database, send, alone, log);
  const costHere: CostOf = (place, usage, at = systemClock.now()) => {
    const price = priceOf({ ...place, at });
    return price === undefined ? undefined : costOf(usage, price);
  };
  const room = await openAdmission({
    limits,
    leases: createLeaseStore(database),
    costOf: costHere,
    clock: { now: () => systemClock.now(), ticks: () => performance.now() },
    log,
    alone,
    waitMs: config.limits.queueWaitMs,
    async writeAlert(alert) {
      const isNew = await database.db.transaction(async (tx) => {
        const inserted = await limits.insertAlert(tx, alert);
        if (inserted) await webhook.announce(tx, toAlertEvent(alert));
        return inserted;
      });
      if (isNew) webhook.wake();
      return isNew;
    },
  });
  webhook.start();
  return {
    ...room,
    webhook,
    send,
    async close() {
      await room.close();
      await webhook.close();
    },
  };
}

function openWebhook(database: Database, send: SendToWebhook, alone: boolean, log: Log): Webhook {
  return createWebhook({
    store: createWebhookStore(database),
    claims: createDeliveryClaims(database),
    send,
    owner: alone ? "the only router" : randomUUID(),
    clock: systemClock,
    log,
  });
}

export function listLimitOperations(database: Database, room: LimitRoom): readonly AnyOperationHandler[] {
  const { reload: onChanged, findIdsFor, readUse, webhook, send } = room;
  const deps = { store: createLimitStore(database), webhook, onChanged, findIdsFor, readUse };
  return [...createLimitOperations(deps), ...createRaiseOperations(deps), ...createWebhookOperations(send)];
}
