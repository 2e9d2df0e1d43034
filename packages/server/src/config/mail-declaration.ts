// Owns what `mail` in the YAML file may be: the mail server that invitations and password links go through.

import { z } from "zod";
import { createSecret } from "../platform/secret-text.ts";
import type { MailSettings } from "../records/identity/mail.ts";
import type { Problems } from "./problems.ts";

const mailSchema = z.strictObject({
  host: z.string().min(1, "must not be empty"),
  port: z.int("must be a whole number").min(1, "must be 1 or more").max(65_535, "must be 65535 or less").default(587),
  secure: z.boolean().exactOptional(),
  requireTls: z.boolean().default(true),
  user: z.string().min(1, "must not be empty").exactOptional(),
  password: z.string().min(1, "must not be empty").exactOptional(),
  from: z.string().regex(/^[^\r\n]*@[^\r\n]+$/, "must be an e-mail address, or like Auxot <auxot@example.com>"),
});

/** Undefined where nothing is declared or something is wrong; what is, is added to `problems`. */
export function readMailSettings(raw: unknown, problems: Problems): MailSettings | undefined {
  if (raw === undefined || raw === null) return undefined;
  const checked = problems.check(["mail"], mailSchema, raw);
  if (checked === undefined) return undefined;
  const { password, secure = checked.port === 465, ...rest } = checked;
  if (password !== undefined && rest.user === undefined) problems.add(["mail", "user"], "is required with a password");
  return { ...rest, secure, ...(password === undefined ? {} : { password: createSecret(password) }) };
}
