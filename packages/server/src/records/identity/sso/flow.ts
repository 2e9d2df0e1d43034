// Owns the way to an identity provider and back: authorization code with PKCE, state and nonce, and a checked ID token.
// OpenID Connect Core 1.0 §3.1, RFC 9700. Knows no accounts.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import { z } from "zod";
import type { Clock } from "../../../platform/clock.ts";
import type { Sealing } from "../../../platform/sealing.ts";
import { createSecret } from "../../../platform/secret-text.ts";
import type { AskProvider } from "./ask-provider.ts";
import type { Discovery, Metadata } from "./discovery.ts";
import type { OidcProvider } from "./settings.ts";

/** What the provider says of a person, checked. */
export type Claims = {
  readonly subject: string;
  readonly email: string | undefined;
  /** Undefined: the provider does not say. */
  readonly emailVerified: boolean | undefined;
  readonly name: string | undefined;
  /** Undefined: it sent none, e.g. because they are too many. */
  readonly groups: readonly string[] | undefined;
};

/** What the browser keeps, sealed, on its way. */
export type FlowMemory = z.infer<typeof memorySchema>;

export type Flow = {
  /** Where to send the browser, and what it must bring back. */
  begin(
    provider: OidcProvider,
    about: {
      readonly redirectUrl: string;
      readonly returnTo: string;
      readonly test: boolean;
      readonly loginHint?: string;
    },
  ): Promise<{ readonly location: string; readonly memory: string }>;
  /** Throws `unauthenticated` for a memory that is none, is of another provider or took too long. */
  remember(memory: string | undefined, provider: OidcProvider): Promise<FlowMemory>;
  /** Throws `unauthenticated` with what is wrong with the provider's answer, `source_failed` when it cannot be asked. */
  finish(
    provider: OidcProvider,
    about: { readonly redirectUrl: string; readonly memory: FlowMemory; readonly query: URLSearchParams },
  ): Promise<Claims>;
};

export const flowLastsMs = 10 * 60 * 1000;
const sealedFor = "sso flow";
const memorySchema = z.object({
  providerId: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  test: z.boolean(),
  version: z.int(),
  until: z.number(),
});
/** Signatures that anybody can check and only the provider can make. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

export function createFlow(deps: {
  readonly discovery: Discovery;
  readonly ask: AskProvider;
  readonly sealing: Sealing;
  readonly clock: Clock;
}): Flow {
  const { discovery, ask, sealing, clock } = deps;

  async function redeem(
    provider: OidcProvider,
    metadata: Metadata,
    form: URLSearchParams,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { clientId, clientSecret, settings } = provider;
    const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    const basic = methods.includes("client_secret_basic");
    if (!basic) {
      form.set("client_id", clientId);
      form.set("client_secret", clientSecret.reveal());
    }
    // RFC 6749 §2.3.1: both parts are form-encoded first.
    const pair = `${formEncode(clientId)}:${formEncode(clientSecret.reveal())}`;
    const { status, body } = await ask(metadata.token_endpoint, {
      allowPrivate: settings.allowPrivate,
      form,
      ...(basic ? { authorization: `Basic ${Buffer.from(pair).toString("base64")}` } : {}),
    });
    if (status === 200 && typeof body?.["id_token"] === "string") return body;
    const said = [body?.["error"], body?.["error_description"]].filter((one) => typeof one === "string").join(": ");
    throw refuse(`did not give a token (status ${status}${said === "" ? "" : `, ${said.slice(0, 300)}`})`);
  }

  async function checkToken(
    provider: OidcProvider,
    token: string,
    nonce: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { createLocalJWKSet, errors, jwtVerify } = await import("jose");
    const options = {
      issuer: provider.issuer,
      audience: provider.clientId,
      algorithms,
      clockTolerance: 60,
      requiredClaims: ["sub", "iat", "exp"],
      currentDate: new Date(clock.now()),
    };
    const verify = async (fresh: boolean) =>
      (await jwtVerify(token, createLocalJWKSet(await discovery.readKeys(provider, fresh)), options)).payload;
    try {
      // Providers change their keys: one that is not known yet is asked for.
      const payload = await verify(false).catch((error: unknown) => {
        if (error instanceof errors.JWKSNoMatchingKey) return verify(true);
        throw error;
      });
      if (payload["nonce"] !== nonce) throw refuse("answered another sign-in than this one");
      if (Array.isArray(payload.aud) && payload.aud.length > 1 && payload["azp"] !== provider.clientId) {
        throw refuse("gave a token that is for another program too");
      }
      return payload;
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw refuse(`gave a token that does not hold: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    }
  }

  /** What the token lacks, the user-info endpoint may have (§5.3). */
  async function addUserInfo(
    { settings }: OidcProvider,
    metadata: Metadata,
    claims: Readonly<Record<string, unknown>>,
    accessToken: unknown,
  ): Promise<Readonly<Record<string, unknown>>> {
    const isComplete =
      typeof claims["email"] === "string" &&
      (settings.groups.length === 0 || claims[settings.groupClaim] !== undefined);
    if (isComplete || metadata.userinfo_endpoint === undefined || typeof accessToken !== "string") return claims;
    const { status, body } = await ask(metadata.userinfo_endpoint, {
      allowPrivate: settings.allowPrivate,
      authorization: `Bearer ${accessToken}`,
    });
    if (status !== 200 || body === undefined) return claims;
    if (body["sub"] !== claims["sub"]) throw refuse("answered for two different people");
    return { ...body, ...claims };
  }

  return {
    async begin(provider, { redirectUrl, returnTo, test, loginHint }) {
      const metadata = await discovery.read(provider);
      const [state, nonce, verifier] = [randomText(), randomText(), randomText()];
      const location = new URL(metadata.authorization_endpoint);
      for (const [name, value] of Object.entries({
        response_type: "code",
        client_id: provider.clientId,
        redirect_uri: redirectUrl,
        scope: [...new Set(["openid", ...provider.settings.scopes])].join(" "),
        state,
        nonce,
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
        ...(loginHint === undefined ? {} : { login_hint: loginHint }),
      })) {
        location.searchParams.set(name, value);
      }
      const { id: providerId, version } = provider;
      const until = clock.now() + flowLastsMs;
      const memory: FlowMemory = { providerId, state, nonce, verifier, returnTo, test, version, until };
      return { location: location.href, memory: await sealing.seal(createSecret(JSON.stringify(memory)), sealedFor) };
    },
    async remember(text, provider) {
      const memory = await readMemory(text, sealing);
      if (memory !== undefined && memory.providerId === provider.id && clock.now() < memory.until) return memory;
      throw new AppError("unauthenticated", "This sign-in took too long, or began in another browser. Start again.");
    },
    async finish(provider, { redirectUrl, memory, query }) {
      const metadata = await discovery.read(provider);
      if (!isSame(query.get("state") ?? "", memory.state)) throw refuse("answered another sign-in than this one");
      // RFC 9207: another provider's code must not be taken to this one.
      const issuer = query.get("iss");
      if (
        issuer === null ? metadata.authorization_response_iss_parameter_supported === true : issuer !== provider.issuer
      ) {
        throw refuse("is not the one that answered");
      }
      const error = query.get("error");
      if (error !== null)
        throw refuse(`says ${`${error} ${query.get("error_description") ?? ""}`.trim().slice(0, 300)}`);
      const form = new URLSearchParams({
        grant_type: "authorization_code",
        code: query.get("code") ?? "",
        redirect_uri: redirectUrl,
        code_verifier: memory.verifier,
      });
      const tokens = await redeem(provider, metadata, form);
      const payload = await checkToken(provider, String(tokens["id_token"]), memory.nonce);
      return toClaims(await addUserInfo(provider, metadata, payload, tokens["access_token"]), provider);
    },
  };
}

async function readMemory(text: string | undefined, sealing: Sealing): Promise<FlowMemory | undefined> {
  if (text === undefined) return undefined;
  try {
    return memorySchema.parse(JSON.parse((await sealing.open(text, sealedFor)).reveal()));
  } catch {
    return undefined;
  }
}

function toClaims(claims: Readonly<Record<string, unknown>>, { settings }: OidcProvider): Claims {
  const { sub, email, email_verified: verified, name, preferred_username: userName } = claims;
  const groups = claims[settings.groupClaim];
  return {
    subject: String(sub),
    email: typeof email === "string" && email.includes("@") ? email.trim().toLowerCase() : undefined,
    // Some send it as text.
    emailVerified: verified === undefined ? undefined : verified === true || verified === "true",
    name: [name, userName]
      .find((one): one is string => typeof one === "string" && one.trim() !== "")
      ?.trim()
      .slice(0, 100),
    groups: typeof groups === "string" ? [groups] : Array.isArray(groups) ? groups.map(String) : undefined,
  };
}

function randomText(): string {
  return randomBytes(32).toString("base64url");
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function formEncode(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}

function refuse(what: string, cause?: unknown): AppError {
  return new AppError("unauthenticated", `Signing in did not work: the identity provider ${what}.`, { cause });
}
