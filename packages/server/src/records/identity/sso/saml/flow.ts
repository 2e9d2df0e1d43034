// Owns the way to a SAML provider and back: a request by HTTP-Redirect, an answer by HTTP-POST, fetched by the browser that
// began. SAML 2.0 Profiles §4.1. Knows no accounts.

import { randomBytes } from "node:crypto";
import { AppError } from "@auxot/wire/errors";
import { z } from "zod";
import type { Clock } from "../../../../platform/clock.ts";
import { hashText } from "../../../../platform/hash-text.ts";
import type { Sealing } from "../../../../platform/sealing.ts";
import { createSecret } from "../../../../platform/secret-text.ts";
import { createOneTimeToken } from "../../links/one-time-token.ts";
import { flowLastsMs, type Claims } from "../flow.ts";
import type { SamlProvider } from "../settings.ts";
import type { Assertion } from "./check-assertion.ts";
import { checkResponse, SignatureError } from "./check-response.ts";
import { readClaims } from "./claims.ts";
import type { Descriptions } from "./descriptions.ts";
import type { SamlStore } from "./store.ts";

/** Our own addresses, as this provider knows them. */
export type Us = { readonly entityId: string; readonly answerUrl: string };

/** What the browser keeps, sealed, on its way. */
export type SamlMemory = z.infer<typeof memorySchema>;

export type SamlFlow = {
  /** Where to send the browser, and what it must bring back. */
  begin(
    provider: SamlProvider,
    us: Us,
    about: { readonly returnTo: string; readonly test: boolean; readonly loginHint?: string },
  ): Promise<{ readonly location: string; readonly memory: string }>;
  /**
   * Takes what the provider's page posts, from a browser that brings no cookies. The token is for the browser that began;
   * undefined: a good answer that nobody here asked for, of a provider where people may begin.
   */
  receive(provider: SamlProvider, us: Us, form: Readonly<Record<string, unknown>>): Promise<string | undefined>;
  /** Throws `unauthenticated` when the answer is not to what this browser began, or was fetched before. */
  finish(
    provider: SamlProvider,
    about: { readonly token: string; readonly memory: string | undefined },
  ): Promise<{ readonly claims: Claims; readonly memory: SamlMemory }>;
};

const sealedFor = "saml flow";
/** Between the provider's page and ours lies one redirect. */
const fetchWithinMs = 2 * 60 * 1000;
/** Tells our own relay states from those that providers make up. */
const relayPrefix = "auxot.";
const memorySchema = z.object({
  providerId: z.string(),
  requestId: z.string(),
  relayState: z.string(),
  returnTo: z.string(),
  test: z.boolean(),
  version: z.int(),
  until: z.number(),
});
const claimsSchema = z.object({
  subject: z.string(),
  email: z.string().optional(),
  name: z.string().optional(),
  groups: z.array(z.string()).optional(),
});

export function createSamlFlow(deps: {
  readonly descriptions: Descriptions;
  readonly store: SamlStore;
  readonly sealing: Sealing;
  readonly clock: Clock;
}): SamlFlow {
  const { descriptions, store, sealing, clock } = deps;

  async function check(provider: SamlProvider, us: Us, samlResponse: string): Promise<Assertion> {
    const expected = { audience: us.entityId, recipient: us.answerUrl, now: clock.now() };
    const known = await descriptions.read(provider);
    try {
      return await checkResponse(samlResponse, known, expected);
    } catch (error) {
      // Providers change their certificates: new ones may be published.
      const fresh = error instanceof SignatureError ? await descriptions.read(provider, true) : known;
      if (fresh.certificates.join() === known.certificates.join()) throw error;
      return checkResponse(samlResponse, fresh, expected);
    }
  }

  return {
    async begin(provider, us, { returnTo, test, loginHint }) {
      const { entryPoint, certificates } = await descriptions.read(provider);
      const requestId = `_${randomBytes(20).toString("hex")}`;
      const relayState = relayPrefix + randomBytes(24).toString("base64url");
      const { SAML } = await import("@node-saml/node-saml");
      const saml = new SAML({
        entryPoint,
        idpCert: [...certificates],
        issuer: us.entityId,
        callbackUrl: us.answerUrl,
        generateUniqueId: () => requestId,
        // Providers refuse what they do not have: which NameID and which proof is theirs to say.
        identifierFormat: null,
        disableRequestedAuthnContext: true,
        ...(provider.ownKey === null
          ? {}
          : { privateKey: provider.ownKey.privateKey.reveal(), signatureAlgorithm: "sha256" }),
      });
      const additionalParams = loginHint === undefined ? {} : { login_hint: loginHint };
      const location = await saml.getAuthorizeUrlAsync(relayState, undefined, { additionalParams });
      const { id: providerId, version } = provider;
      const until = clock.now() + flowLastsMs;
      const memory: SamlMemory = { providerId, requestId, relayState, returnTo, test, version, until };
      return { location, memory: await sealing.seal(createSecret(JSON.stringify(memory)), sealedFor) };
    },
    async receive(provider, us, form) {
      const { SAMLResponse: response, RelayState: relayState = "" } = form;
      if (typeof response !== "string" || typeof relayState !== "string") {
        throw new AppError("invalid_request", "Identity providers post SAMLResponse here, as a form.");
      }
      const { id: assertionId, inResponseTo, ...rest } = await check(provider, us, response);
      if (inResponseTo === null) {
        if (provider.settings.idpInitiated && !relayState.startsWith(relayPrefix)) return undefined;
        throw refuse("is to no question of this router: begin here, not at the provider");
      }
      const claims = readClaims({ id: assertionId, inResponseTo, ...rest }, provider.settings);
      const { token, hash: tokenHash } = createOneTimeToken();
      const createdAt = new Date(clock.now());
      // The browser's memory of its request ends before that.
      const expiresAt = new Date(clock.now() + 2 * flowLastsMs);
      const answer = { providerId: provider.id, assertionId, requestId: inResponseTo, relayState, tokenHash };
      if (await store.take({ ...answer, claims, createdAt, expiresAt })) return token;
      throw refuse("was used before: begin again");
    },
    async finish(provider, { token, memory: sealed }) {
      const memory = await readMemory(sealed, sealing);
      if (memory === undefined || memory.providerId !== provider.id || clock.now() >= memory.until)
        throw begunElsewhere();
      const answer = await store.fetch(provider.id, hashText(token), new Date(clock.now() - fetchWithinMs));
      if (answer?.requestId !== memory.requestId || answer.relayState !== memory.relayState) throw begunElsewhere();
      const { subject, email, name, groups } = claimsSchema.parse(answer.claims);
      return { claims: { subject, email, emailVerified: undefined, name, groups }, memory };
    },
  };
}

async function readMemory(text: string | undefined, sealing: Sealing): Promise<SamlMemory | undefined> {
  if (text === undefined) return undefined;
  try {
    return memorySchema.parse(JSON.parse((await sealing.open(text, sealedFor)).reveal()));
  } catch {
    return undefined;
  }
}

function begunElsewhere(): AppError {
  return new AppError("unauthenticated", "This sign-in took too long, or began in another browser. Start again.");
}

function refuse(what: string): AppError {
  return new AppError("unauthenticated", `Signing in did not work: the identity provider's answer ${what}.`);
}
