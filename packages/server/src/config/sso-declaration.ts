// Owns what `sso` and `signIn` in the YAML file may be: identity providers, and whether passwords open anything.

import { ssoIdentityFields, ssoNameSchema, ssoSettingsSchema } from "@auxot/wire/operations/sso-providers";
import { z } from "zod";
import { createSecret } from "../platform/secret-text.ts";
import { findKindProblems } from "../records/identity/sso/kinds.ts";
import type { DeclaredSsoProvider } from "../records/identity/sso/settings.ts";
import type { Problems } from "./problems.ts";
import type { SignInSettings } from "./settings.ts";

const providerSchema = ssoSettingsSchema.extend({ name: ssoNameSchema, ...ssoIdentityFields });
const signInSchema = z.strictObject({ password: z.boolean().default(true) });

/** What is wrong is added to `problems`. */
export function readSsoProviders(raw: unknown, problems: Problems): readonly DeclaredSsoProvider[] {
  const names = new Set<string>();
  return (Array.isArray(raw) ? raw : []).flatMap((one: unknown, index) => {
    const checked = problems.check(["sso", index], providerSchema, one);
    if (checked === undefined) return [];
    const { name, kind, issuer, clientId, clientSecret, metadata, ...settings } = checked;
    if (names.has(name)) problems.add(["sso", index, "name"], "another provider has this name");
    names.add(name);
    const written = { kind, issuer, clientId, hasSecret: clientSecret !== undefined, metadata, settings };
    for (const { path, message } of findKindProblems(written)) {
      const steps = path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
      problems.add(["sso", index, ...steps], message);
    }
    if (kind === "saml") return { name, kind, issuer: issuer ?? null, clientId: clientId ?? null, settings, metadata };
    if (issuer === undefined || clientId === undefined || clientSecret === undefined) return [];
    return { name, kind, issuer, clientId, clientSecret: createSecret(clientSecret), settings };
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
