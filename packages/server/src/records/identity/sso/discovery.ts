// Owns what an identity provider publishes of itself: endpoints and keys, asked when they are needed and remembered a while.
// OpenID Connect Discovery 1.0.

import { AppError } from "@auxot/wire/errors";
import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { createBoundedMap } from "../../../platform/bounded-map.ts";
import type { Clock } from "../../../platform/clock.ts";
import type { AskProvider } from "./ask-provider.ts";
import type { OidcProvider } from "./settings.ts";

export type Metadata = z.infer<typeof metadataSchema>;

type Asked = Pick<OidcProvider, "issuer" | "settings">;

export type Discovery = {
  /** Throws `source_failed` when it cannot be had or is of another provider. `fresh`: what is remembered does not count. */
  read(provider: Asked, fresh?: boolean): Promise<Metadata>;
  /** `fresh`: asks again, at most twice a minute. */
  readKeys(provider: Asked, fresh?: boolean): Promise<JSONWebKeySet>;
};

const metadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  userinfo_endpoint: z.url().optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  id_token_signing_alg_values_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

const rememberMs = 60 * 60 * 1000;
const freshKeysEveryMs = 30_000;

export function createDiscovery({ ask, clock }: { readonly ask: AskProvider; readonly clock: Clock }): Discovery {
  const metadata = createBoundedMap<Metadata>({ maxEntries: 100, keepMs: rememberMs });
  const keys = createBoundedMap<{ readonly keys: JSONWebKeySet; readonly at: number }>({
    maxEntries: 100,
    keepMs: rememberMs,
  });

  async function read({ issuer, settings }: Asked, fresh = false): Promise<Metadata> {
    const known = fresh ? undefined : metadata.get(issuer, clock.now());
    if (known !== undefined) return known;
    const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const { status, body } = await ask(address, settings);
    const parsed = metadataSchema.safeParse(body);
    if (status !== 200 || !parsed.success) {
      const field = parsed.success ? "" : (parsed.error.issues[0]?.path.join(".") ?? "");
      const reason = status === 200 ? `it lacks a usable "${field}"` : `it has status ${status}`;
      throw new AppError("source_failed", `${address} is not an OpenID configuration: ${reason}. Check the issuer.`);
    }
    // §4.3: otherwise one provider could speak for another.
    if (parsed.data.issuer !== issuer) {
      throw new AppError(
        "source_failed",
        `The provider calls itself "${parsed.data.issuer}", not "${issuer}". Enter the issuer exactly so.`,
      );
    }
    metadata.set(issuer, parsed.data, clock.now());
    return parsed.data;
  }

  return {
    read,
    async readKeys(provider, fresh = false) {
      const known = keys.get(provider.issuer, clock.now());
      if (known !== undefined && (!fresh || clock.now() - known.at < freshKeysEveryMs)) return known.keys;
      const { jwks_uri: address } = await read(provider);
      const { status, body } = await ask(address, provider.settings);
      const parsed = keysSchema.safeParse(body);
      if (status !== 200 || !parsed.success) {
        throw new AppError(
          "source_failed",
          `The identity provider's keys at ${address} cannot be read (status ${status}).`,
        );
      }
      keys.set(provider.issuer, { keys: parsed.data, at: clock.now() }, clock.now());
      return parsed.data;
    },
  };
}
