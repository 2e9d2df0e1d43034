// Owns what `audit` in the YAML file may be: how long entries are kept, and where else they go.

import { z } from "zod";
import { createSecret } from "../platform/secret-text.ts";
import type { AuditSettings } from "../records/audit/audit.ts";
import { auditFields } from "./fields.ts";
import type { Problems } from "./problems.ts";

const tenYears = 3650;

function isCollectorUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}

const auditSchema = z.strictObject({
  retentionDays: z
    .int("must be a whole number")
    .min(0, "must be 0 or more")
    .max(tenYears, `must be ${tenYears} or less`)
    .default(Number(auditFields.retentionDays.default)),
  file: z.string().min(1, "must not be empty").exactOptional(),
  collector: z
    .strictObject({
      url: z
        .string()
        .refine(isCollectorUrl, "must be an address that begins with https:// or http://, without user and password"),
      token: z.string().min(1, "must not be empty").exactOptional(),
    })
    .exactOptional(),
});

/** The defaults where something is wrong; what is, is added to `problems`. */
export function readAuditSettings(raw: unknown, problems: Problems): AuditSettings {
  const { collector, ...rest } = problems.check(["audit"], auditSchema, raw) ?? auditSchema.parse({});
  if (collector === undefined) return rest;
  const { url, token } = collector;
  return { ...rest, collector: { url, ...(token === undefined ? {} : { token: createSecret(token) }) } };
}
