// Owns what `alerts` in the YAML file may be: where alerts and requests for more are told.

import { isIP } from "node:net";
import { z } from "zod";
import { isPublicAddress } from "../platform/fetch-guard/addresses.ts";
import { createSecret } from "../platform/secret-text.ts";
import type { WebhookSettings } from "../records/webhook/send.ts";
import { readWebhookKey } from "../records/webhook/signature.ts";
import type { Problems } from "./problems.ts";

const privateName = /^[^.]*$|\.(?:localhost|local|internal|lan|svc|test)$/;

/** In the clear only where nobody on the internet reads along. */
function isWebhookUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const isPrivate = isIP(host) === 0 ? privateName.test(host) : !isPublicAddress(host);
  return url.protocol === "https:" || (url.protocol === "http:" && isPrivate);
}

const alertsSchema = z.strictObject({
  webhook: z
    .strictObject({
      url: z
        .string()
        .refine(
          isWebhookUrl,
          "must be an address that begins with https:// (http:// in a private network), without user and password",
        ),
      secret: z
        .string()
        .refine(
          (text) => readWebhookKey(text) !== undefined,
          "must be whsec_ and 24 to 64 random bytes in base64. Make one with: echo whsec_$(openssl rand -base64 32)",
        ),
    })
    .exactOptional(),
});

/** Without a webhook where something is wrong; what is, is added to `problems`. */
export function readAlertSettings(raw: unknown, problems: Problems): { readonly webhook?: WebhookSettings } {
  const { webhook } = problems.check(["alerts"], alertsSchema, raw) ?? {};
  return webhook === undefined ? {} : { webhook: { url: webhook.url, secret: createSecret(webhook.secret) } };
}
