// Owns what `sso` and `signIn` in the YAML file may be: identity providers, and whether passwords open anything.

import { issuerSchema, ssoNameSchema, ssoSettingsSchema } from "@auxot/wire/operations/sso-providers";
import { z } from "zod";
import { createSecret } from "../platform/secret-text.ts";
import type { DeclaredSsoProvider } from "../records/identity/sso/settings.ts";
import type { Problems } from "./problems.ts";
import type { SignInSettings } from "./settings.ts";

const providerSchema = ssoSettingsSchema.extend({
  name: ssoNameSchema,
  issuer: issuerSchema,
  clientId: z.string().min(1, "must not be empty"),
  clientSecret: z.string().min(1, "must not be empty"),
});
const signInSchema = z.strictObject({ password: z.boolean().default(true) });

/** What is wrong is added to `problems`. */
export function readSsoProviders(raw: unknown, problems: Problems): readonly DeclaredSsoProvider[] {
  const names = new Set<string>();
  return (Array.isArray(raw) ? raw : []).flatMap((one: unknown, index) => {
    const checked = problems.check(["sso", index], providerSchema, one);
    if (checked === undefined) return [];
    const { name, issuer, clientId, clientSecret, ...settings } = checked;
    if (names.has(name)) problems.add(["sso", index, "name"], "another provider has this name");
    names.add(name);
    return { name, issuer, clientId, clientSecret: createSecret(clientSecret), settings };
  });
}

/** Without passwords there must be another way in. */
export function readSignInSettings(
  raw: unknown,
  sso: readonly DeclaredSsoProvider[],
  problems: Problems,
): SignInSettings {
  const settings = problems.check(["signIn"], signInSchema, raw ?? {}) ?? { password: true };
  if (!settings.password && sso.length === 0) {
    problems.add(
      ["signIn", "password"],
      "can be false only when sso names an identity provider: it would be the last way to sign in",
    );
  }
  return settings;
}
