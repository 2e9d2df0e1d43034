// Does what wire/operations/limits.ts declares of the webhook: trying it out.

import { AppError } from "@auxot/wire/errors";
import { createId, idPrefixes } from "@auxot/wire/ids";
import { testAlert } from "@auxot/wire/operations/limits";
import type { WebhookBody } from "@auxot/wire/webhook-event";
import { eraseHandler, type AnyOperationHandler } from "../../operations/handler.ts";
import { requireAccess } from "../../platform/access/may.ts";
import type { SendToWebhook } from "./send.ts";

const notConfigured =
  "No webhook is configured. Say where alerts go under alerts.webhook in auxot.yaml (url and secret), and start the router again.";

/** The handler of `alerts.test`. `send` undefined: there is no webhook. */
export function createWebhookOperations(send: SendToWebhook | undefined): readonly AnyOperationHandler[] {
  return [
    eraseHandler({
      operation: testAlert,
      async handle(caller, _, { now, isDryRun, changed }) {
        requireAccess(caller, testAlert.action);
        if (send === undefined) throw new AppError("conflict", notConfigured);
        const id = createId(idPrefixes.alert);
        const body: WebhookBody = {
          type: "alert.test",
          timestamp: now.toISOString(),
          text: `${caller.name} tries out this webhook of Auxot. Nothing happened.`,
          data: { askedBy: caller.name },
        };
        changed({ kind: "webhook-event", id, name: body.type, before: null, after: { ...body } });
        if (isDryRun) return { id, status: 0, answer: "", ms: 0 };
        const startedAt = performance.now();
        const { isTaken, status, text, problem } = await send(id, JSON.stringify(body), new AbortController().signal);
        if (isTaken && status !== null) {
          return { id, status, answer: text, ms: Math.round(performance.now() - startedAt) };
        }
        const said = text === "" ? "" : ` and said: ${text}`;
        throw new AppError("source_failed", `The webhook did not take the event: ${problem}${said}`);
      },
    }),
  ];
}
