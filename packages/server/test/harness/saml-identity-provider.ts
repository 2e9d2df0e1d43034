// A SAML identity provider in this process. A library reads what the router asks and signs what is answered; what the answer
// says can be changed before and after it is signed.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { createOwnKey, type OwnKey } from "../../src/records/identity/sso/saml/own-key.ts";
import type { Answer, Browser } from "./browser.ts";

/** As much of it as is used here. Its own types bring those of browsers into the whole repository. */
type Samlify = {
  IdentityProvider(settings: object): {
    getMetadata(): string;
    parseLoginRequest(
      service: Service,
      binding: "redirect",
      request: { readonly query: object; readonly octetString: string },
    ): Promise<{ readonly extract: { readonly issuer: string; readonly request: { readonly id: string } } }>;
  };
  ServiceProvider(settings: { readonly metadata: string }): Service;
  readonly SamlLib: { constructSAMLSignature(options: object): string };
  setSchemaValidator(validator: { validate(): Promise<string> }): void;
};
type Service = {
  readonly entityMeta: {
    getEntityID(): string;
    getAssertionConsumerService(binding: "post"): string;
    isAuthnRequestSigned(): boolean;
  };
};

const samlify = createRequire(import.meta.url)("samlify") as Samlify;
const { IdentityProvider, SamlLib, ServiceProvider, setSchemaValidator } = samlify;
const redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const rsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
// The router's own tests say what it sends; without a validator the library reads nothing.
setSchemaValidator({ validate: async () => "not checked" });

export type SamlPerson = {
  readonly nameId: string;
  /** The end of the format's URI. */
  readonly format?: "persistent" | "transient" | "unspecified" | "emailAddress";
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
};

/** What an answer says beside the person. */
export type Facts = {
  readonly issuer: string;
  readonly audience: string;
  readonly recipient: string;
  readonly destination: string;
  readonly notBefore: string;
  readonly notOnOrAfter: string;
  /** Undefined: nobody asked. */
  readonly inResponseTo: string | undefined;
  readonly assertionId: string;
};

export type Tamper = {
  readonly facts?: Partial<Facts>;
  readonly beforeSigning?: (xml: string) => string;
  readonly afterSigning?: (xml: string) => string;
  /** `assertion` unless said. */
  readonly signed?: "assertion" | "response" | "both" | "nothing";
  readonly key?: OwnKey;
  readonly algorithm?: string;
};

export type SamlIdentityProvider = AsyncDisposable & {
  readonly entityId: string;
  readonly entryPoint: string;
  readonly metadataUrl: string;
  /** What it signs with and publishes; may be replaced at any time. */
  key: OwnKey;
  /** The metadata of the service, as an administrator enters it here. */
  service: string;
  readonly people: Map<string, SamlPerson>;
  writeMetadata(): string;
  /** The form that its page posts after somebody signed in; `location`: where the router sent the browser, if it did. */
  answer(location: string | undefined, login: string, tamper?: Tamper): Promise<URLSearchParams>;
};

export async function startSamlIdentityProvider(): Promise<SamlIdentityProvider> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const describe = () => ({
    entityID: `${origin}/idp`,
    signingCert: self.key.certificate,
    singleSignOnService: [{ Binding: redirectBinding, Location: self.entryPoint }],
    singleLogoutService: [{ Binding: redirectBinding, Location: `${origin}/logout` }],
  });
  const self: SamlIdentityProvider = {
    entityId: `${origin}/idp`,
    entryPoint: `${origin}/sso?tenant=1`,
    metadataUrl: `${origin}/metadata`,
    key: await createOwnKey("The identity provider", new Date()),
    service: "",
    people: new Map(),
    writeMetadata: () => IdentityProvider(describe()).getMetadata(),
    async answer(location, login, tamper = {}) {
      const service = ServiceProvider({ metadata: self.service });
      const asked = location === undefined ? undefined : await readRequest(describe(), service, location);
      const person = self.people.get(login);
      if (person === undefined) throw new Error(`Nobody is called ${login} here.`);
      const consumer = service.entityMeta.getAssertionConsumerService("post");
      const facts: Facts = {
        issuer: self.entityId,
        audience: service.entityMeta.getEntityID(),
        recipient: consumer,
        destination: consumer,
        notBefore: inMinutes(-1),
        notOnOrAfter: inMinutes(5),
        inResponseTo: asked?.id,
        assertionId: `_${crypto.randomUUID()}`,
        ...tamper.facts,
      };
      const plain = writeResponse(facts, person);
      const signed = signResponse(tamper.beforeSigning?.(plain) ?? plain, tamper, self.key);
      const xml = tamper.afterSigning?.(signed) ?? signed;
      const form = new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString("base64") });
      if (asked !== undefined) form.set("RelayState", asked.relayState);
      return form;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  server.on("request", (request, response) => {
    const isMetadata = request.url === "/metadata";
    response.writeHead(isMetadata ? 200 : 404, { "content-type": "application/samlmetadata+xml" });
    response.end(isMetadata ? self.writeMetadata() : "");
  });
  return self;
}

/** Goes from a page of the router through the provider and back, as a browser does. The answer of the last page of the router. */
export async function goThroughSaml(
  browser: Browser,
  start: string,
  login: string,
  provider: SamlIdentityProvider,
  tamper?: Tamper,
): Promise<Answer> {
  const began = await browser.ask(start);
  if (began.status !== 302) throw new Error(`The router did not send the browser on: ${JSON.stringify(began.body)}`);
  const form = await provider.answer(began.headers.get("location") ?? "", login, tamper);
  return postAndFollow(browser, readName(start), form);
}

/** Posts from the provider's page, which brings no cookies of the router, and goes where that leads. */
export async function postAndFollow(browser: Browser, name: string, form: URLSearchParams): Promise<Answer> {
  const posted = await postFromElsewhere(browser, name, form);
  const location = posted.headers.get("location");
  if (posted.status !== 303 || location === null) return posted;
  const { pathname, search } = new URL(location);
  return browser.ask(pathname + search);
}

export function postFromElsewhere(browser: Browser, name: string, form: URLSearchParams): Promise<Answer> {
  return browser.withoutCookies().ask(`/api/auth/sso/${name}/acs`, undefined, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      origin: "https://idp.example",
      "sec-fetch-site": "cross-site",
    },
    form,
  });
}

export function inMinutes(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}

async function readRequest(
  settings: object,
  service: Service,
  location: string,
): Promise<{ readonly id: string; readonly relayState: string }> {
  const { searchParams, search } = new URL(location);
  const wantAuthnRequestsSigned = service.entityMeta.isAuthnRequestSigned();
  const provider = IdentityProvider({ ...settings, wantAuthnRequestsSigned });
  // The octets that were signed, as they stand in the address (SAML 2.0 Bindings §3.4.4.1).
  const octetString = search
    .slice(1)
    .split("&")
    .filter((part) => /^(SAMLRequest|RelayState|SigAlg)=/.test(part))
    .join("&");
  const query = Object.fromEntries(searchParams);
  const { extract } = await provider.parseLoginRequest(service, "redirect", { query, octetString });
  if (extract.issuer !== service.entityMeta.getEntityID()) throw new Error(`Who is "${extract.issuer}"?`);
  return { id: extract.request.id, relayState: query["RelayState"] ?? "" };
}

function signResponse(xml: string, { signed = "assertion", algorithm, key }: Tamper, ownKey: OwnKey): string {
  const assertion = "/*[local-name(.)='Response']/*[local-name(.)='Assertion']";
  const sign = (text: string, path: string): string =>
    SamlLib.constructSAMLSignature({
      rawSamlMessage: text,
      referenceTagXPath: path,
      privateKey: (key ?? ownKey).privateKey,
      signingCert: (key ?? ownKey).certificate.replace(/-----[A-Z ]+-----|\s/g, ""),
      signatureAlgorithm: algorithm ?? rsaSha256,
      isBase64Output: false,
      signatureConfig: {
        prefix: "ds",
        location: { reference: `${path}/*[local-name(.)='Issuer']`, action: "after" },
      },
    });
  const inner = signed === "assertion" || signed === "both" ? sign(xml, assertion) : xml;
  return signed === "response" || signed === "both" ? sign(inner, "/*[local-name(.)='Response']") : inner;
}

function writeResponse(facts: Facts, { nameId, format = "persistent", attributes = {} }: SamlPerson): string {
  const { issuer, audience, recipient, destination, notBefore, notOnOrAfter, inResponseTo, assertionId } = facts;
  const now = new Date().toISOString();
  const answers = inResponseTo === undefined ? "" : ` InResponseTo="${inResponseTo}"`;
  const version = ["emailAddress", "unspecified"].includes(format) ? "1.1" : "2.0";
  const statements = Object.entries(attributes).map(
    ([name, values]) =>
      `<saml:Attribute Name="${name}">${[values]
        .flat()
        .map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`)
        .join("")}</saml:Attribute>`,
  );
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${crypto.randomUUID()}" Version="2.0" IssueInstant="${now}" Destination="${destination}"${answers}>` +
    `<saml:Issuer>${issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
    `<saml:Assertion ID="${assertionId}" Version="2.0" IssueInstant="${now}"><saml:Issuer>${issuer}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:${version}:nameid-format:${format}">${nameId}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${notOnOrAfter}" Recipient="${recipient}"${answers}/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${notBefore}" NotOnOrAfter="${notOnOrAfter}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${now}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
    `<saml:AttributeStatement>${statements.join("")}</saml:AttributeStatement></saml:Assertion></samlp:Response>`
  );
}

function readName(start: string): string {
  return /\/sso\/([^/]+)\/start/.exec(start)?.[1] ?? "";
}
