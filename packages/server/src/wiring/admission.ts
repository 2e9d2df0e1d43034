// Wires what limits callers: limits and leases from the database, prices from their room, and the webhook that is told.

import { randomUUID } from "node:crypto";
import { costOf } from "@auxot/wire/price";
import { openAdmission, type AdmissionRoom } from "../admission/admission.ts";
import type { CostOf } from "../admission/estimate.ts";
import { createLeaseStore } from "../admission/lease-store.ts";
import type { AnyOperationHandler } from "../operations/handler.ts";
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
import type { Foundation } from "./foundation.ts";

export type LimitRoom = AdmissionRoom & { readonly webhook: Webhook; readonly send: SendToWebhook | undefined };

export async function openLimits(foundation: Foundation, priceOf: PriceOf): Promise<LimitRoom> {
  const { config, clock, log, defer, database, alone } = foundation;
  const limits = createLimitStore(database);
  const send = config.webhook === undefined ? undefined : createSendToWebhook(config.webhook, clock);
  const webhook = send === undefined ? noWebhook : openWebhook(foundation, send);
  const costHere: CostOf = (place, usage, at = clock.now()) => {
    const price = priceOf({ ...place, at });
    return price === undefined ? undefined : costOf(usage, price);
  };
  const room = await openAdmission({
    limits,
    leases: createLeaseStore(database),
    costOf: costHere,
    clock: { now: () => clock.now(), ticks: () => performance.now() },
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
  defer(async () => {
    await room.close();
    await webhook.close();
  });
  return { ...room, webhook, send };
}

function openWebhook({ clock, log, database, alone }: Foundation, send: SendToWebhook): Webhook {
  return createWebhook({
    store: createWebhookStore(database),
    claims: createDeliveryClaims(database),
    send,
    owner: alone ? "the only router" : randomUUID(),
    clock,
    log,
  });
}

export function listLimitOperations(database: Database, room: LimitRoom): readonly AnyOperationHandler[] {
  const { reload: onChanged, findIdsFor, readUse, webhook, send } = room;
  const deps = { store: createLimitStore(database), webhook, onChanged, findIdsFor, readUse };
  return [...createLimitOperations(deps), ...createRaiseOperations(deps), ...createWebhookOperations(send)];
}
