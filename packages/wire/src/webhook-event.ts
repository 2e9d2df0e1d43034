// What the webhook is told, as its receiver gets it: JSON with a type, a time, a sentence for people, and the thing itself as
// the administrative API shows it. Headers and signature are of https://www.standardwebhooks.com.

import { z } from "zod";
import { alertSchema } from "./operations/limits.ts";
import { raiseRequestSchema } from "./operations/raise-requests.ts";

const common = {
  /** When it happened, not when it is told. */
  timestamp: z.iso.datetime(),
  /** A sentence that says all of it. */
  text: z.string(),
};

/** The body of one POST. New types may come: receivers leave out those they do not know. */
export const webhookBodySchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("alert.created"), ...common, data: alertSchema }),
  z.object({ type: z.literal("raise_request.created"), ...common, data: raiseRequestSchema }),
  z.object({ type: z.literal("alert.test"), ...common, data: z.object({ askedBy: z.string() }) }),
]);
export type WebhookBody = z.infer<typeof webhookBodySchema>;

/** `id` is that of the thing it is about; it is sent as `webhook-id`, the same at each try. */
export type WebhookEvent = { readonly id: string; readonly body: WebhookBody };
