// What SAML answers must not do: each is refused, tells the person why, leaves a reason in the log and signs nobody in.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { createOwnKey } from "../../src/records/identity/sso/saml/own-key.ts";
import { openBrowser, type Browser } from "../harness/browser.ts";
import { makeOwner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";
import {
  goThroughSaml,
  inMinutes,
  postAndFollow,
  postFromElsewhere,
  startSamlIdentityProvider,
  type SamlIdentityProvider,
  type Tamper,
} from "../harness/saml-identity-provider.ts";

let app: TestRouter;
let provider: SamlIdentityProvider;
let browser: Browser;
const name = "corp";
const start = `/api/auth/sso/${name}/start`;

before(async () => {
  app = await startTestRouter();
  const owner = await makeOwner(app);
  provider = await startSamlIdentityProvider();
  provider.people.set("ann", { nameId: "ann", attributes: { email: "ann@corp.example" } });
  provider.people.set("mallory", { nameId: "mallory", attributes: { email: "mallory@corp.example" } });
  for (const called of [name, "sister"]) {
    const made = await owner.browser.ask("/api/sso-providers", {
      kind: "saml",
      name: called,
      metadata: provider.writeMetadata(),
      domains: [`${called}.example`],
      allowPrivate: true,
    });
    provider.service = await readService(called);
    await goThroughSaml(owner.browser, `/api/auth/sso/${called}/start?test=true`, "ann", provider);
    assert.equal((await owner.browser.ask(`/api/sso-providers/${made.body.id}/enable`, {})).status, 200);
  }
});
beforeEach(async () => {
  provider.service = await readService(name);
  browser = openBrowser(app.url);
});
after(async () => {
  await provider[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

const readService = async (of: string) => (await openBrowser(app.url).ask(`/api/auth/sso/${of}/metadata`)).body;

async function whoIs(who: Browser) {
  return (await who.ask("/api/auth/get-session")).body?.user?.email as string | undefined;
}

async function begin(who: Browser, at = start): Promise<string> {
  return (await who.ask(at)).headers.get("location") ?? "";
}

async function isRefused(tamper: Tamper, reason: RegExp, login = "mallory"): Promise<void> {
  const logged = app.log.length;
  const refused = await goThroughSaml(browser, start, login, provider, tamper);
  assert.equal(refused.status, 401, JSON.stringify(refused.body));
  assert.match(refused.body.detail, reason);
  assert.equal(await whoIs(browser), undefined);
  const line = app.log.slice(logged).find(({ message }) => message === "A SAML answer was refused");
  assert.match(String(line?.["reason"]), reason, "the log has the reason");
}

/** The assertion of a signed response, and what stands around it. */
function split(xml: string): { readonly head: string; readonly assertion: string; readonly tail: string } {
  const [from, to] = [xml.indexOf("<saml:Assertion"), xml.indexOf("</saml:Assertion>") + "</saml:Assertion>".length];
  return { head: xml.slice(0, from), assertion: xml.slice(from, to), tail: xml.slice(to) };
}

const signatureOf = (xml: string): string => /<ds:Signature.*<\/ds:Signature>/s.exec(xml)?.[0] ?? "";

/** The same assertion about Ann, with another id and without a signature. */
function forge(assertion: string): string {
  return assertion
    .replace(signatureOf(assertion), "")
    .replaceAll("mallory", "ann")
    .replace(/ ID="[^"]+"/, ' ID="_forged"');
}

test("an answer that is not signed, signed by somebody else, or changed afterwards", async () => {
  await isRefused({ signed: "nothing" }, /is not signed/);
  await isRefused({ key: await createOwnKey("The identity provider", new Date()) }, /certificates/);
  await isRefused({ afterSigning: (xml) => xml.replaceAll("mallory@", "ann@") }, /changed on the way/);
  await isRefused(
    { signed: "response", afterSigning: (xml) => xml.replaceAll("mallory@", "ann@") },
    /changed on the way/,
  );
  await isRefused(
    { afterSigning: (xml) => xml.replace(/<ds:SignatureValue>[^<]+/, "<ds:SignatureValue>AAAA") },
    /changed on the way/,
  );
  await isRefused({ afterSigning: (xml) => xml.replace(signatureOf(xml), "") }, /is not signed/);
});

const hmac = (xml: string): string => xml.replace("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#hmac-sha1");

test("a signature that is weak, or whose key anybody has", async () => {
  await isRefused({ algorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" }, /too weak/);
  await isRefused({ afterSigning: hmac }, /too weak/);
});

test("the certificate in the answer itself counts for nothing", async () => {
  const own = await createOwnKey("Mallory", new Date());
  await isRefused({ key: own, beforeSigning: (xml) => xml.replaceAll("mallory", "ann") }, /certificates/);
});

test("a signed assertion that was moved aside for a forged one (XSW)", async () => {
  const wraps: readonly ((xml: string) => string)[] = [
    // The forged one first, the signed one behind it; and the other way round.
    (xml) => {
      const { head, assertion, tail } = split(xml);
      return head + forge(assertion) + assertion + tail;
    },
    (xml) => {
      const { head, assertion, tail } = split(xml);
      return head + assertion + forge(assertion) + tail;
    },
    // The signed one inside extensions of the response, or of its status.
    (xml) => {
      const { head, assertion, tail } = split(xml);
      const aside = `<samlp:Extensions>${assertion}</samlp:Extensions>`;
      return head.replace("<samlp:Status>", `${aside}<samlp:Status>`) + forge(assertion) + tail;
    },
    (xml) => {
      const { head, assertion, tail } = split(xml);
      const aside = `<samlp:StatusDetail>${assertion}</samlp:StatusDetail>`;
      return head.replace("</samlp:Status>", `${aside}</samlp:Status>`) + forge(assertion) + tail;
    },
    // The signed one inside the forged one's signature, subject or attributes.
    (xml) => {
      const { head, assertion, tail } = split(xml);
      const signature = signatureOf(assertion);
      const aside = signature.replace(
        "</ds:Signature>",
        `<ds:Object>${assertion.replace(signature, "")}</ds:Object></ds:Signature>`,
      );
      return head + forge(assertion).replace("<saml:Subject>", `${aside}<saml:Subject>`) + tail;
    },
    (xml) => {
      const { head, assertion, tail } = split(xml);
      return (
        head +
        forge(assertion).replace(
          "</saml:AttributeStatement>",
          `<saml:Attribute Name="x"><saml:AttributeValue>${assertion}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`,
        ) +
        tail
      );
    },
    // The forged one inside the signed response's place, the signed response aside.
    (xml) => {
      const { head, assertion, tail } = split(xml);
      return `${head.replace(/ ID="[^"]+"/, ' ID="_outer"')}${forge(assertion)}<samlp:Extensions>${xml}</samlp:Extensions>${tail}`;
    },
    // Only the signature is taken along.
    (xml) => {
      const { head, assertion, tail } = split(xml);
      const signature = signatureOf(assertion);
      return head + forge(assertion).replace("<saml:Subject>", `${signature}<saml:Subject>`) + tail;
    },
    (xml) => {
      const { head, assertion, tail } = split(xml);
      return head.replace("<samlp:Status>", `${signatureOf(assertion)}<samlp:Status>`) + forge(assertion) + tail;
    },
    // The same id twice.
    (xml) => {
      const { head, assertion, tail } = split(xml);
      const id = / ID="[^"]+"/.exec(assertion)?.[0] ?? "";
      const forged = forge(assertion).replace(' ID="_forged"', id);
      return head + forged.replace("<saml:Subject>", `${signatureOf(assertion)}<saml:Subject>`) + tail;
    },
    // In another namespace, where a careless reader takes it for one of SAML's.
    (xml) => {
      const { head, assertion, tail } = split(xml);
      return `${head}${forge(assertion).replaceAll("saml:", "x:").replace("<x:Assertion", '<x:Assertion xmlns:x="urn:x"')}${assertion}${tail}`;
    },
  ];
  for (const [position, wrap] of wraps.entries()) {
    for (const signed of ["assertion", "response"] as const) {
      await isRefused({ signed, afterSigning: wrap }, /one place|none belongs|changed on the way|not signed/).catch(
        (cause: unknown) => assert.fail(`wrap ${position}, ${signed} signed: ${String(cause)}`),
      );
    }
  }
});

const comment = (xml: string): string => xml.replaceAll("ann@corp.example.evil", "ann@corp.example<!-- -->.evil");

const nameId = (xml: string): string => xml.replace(">mallory<", ">ann<!---->mallory<");

const entities = (xml: string): string =>
  `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml.replace(">mallory<", ">&x;<")}`;

test("a name that a comment, a document type or the like splits", async () => {
  provider.people.set("splitter", { nameId: "ann", attributes: { email: "ann@corp.example.evil.example" } });
  for (const signed of ["assertion", "response"] as const) {
    await isRefused({ signed, afterSigning: comment }, /comments/, "splitter");
    await isRefused({ signed, beforeSigning: comment }, /comments/, "splitter");
  }
  await isRefused({ afterSigning: nameId }, /comments/);
  await isRefused({ afterSigning: (xml) => xml.replace(">mallory<", "><![CDATA[mallory]]><") }, /comments/);
  await isRefused({ afterSigning: (xml) => xml.replace(">mallory<", ">ann<?x y?>mallory<") }, /comments/);
  await isRefused({ afterSigning: entities }, /document types/);
});

const without = (pattern: RegExp) => ({ beforeSigning: (xml: string) => xml.replace(pattern, "") });

test("an answer for another service, another address, by another provider", async () => {
  await isRefused({ facts: { audience: "https://other.example" } }, /service "https:\/\/other.example"/);
  await isRefused({ facts: { recipient: "https://other.example/acs" } }, /is for https:\/\/other.example/);
  await isRefused({ facts: { destination: "https://other.example/acs" } }, /sent to https:\/\/other.example/);
  await isRefused({ facts: { issuer: "https://other.example/idp" } }, /is by "https:\/\/other.example\/idp"/);
  await isRefused(without(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/), /audience|service/i);
  await isRefused(without(/<saml:Conditions.*<\/saml:Conditions>/), /./);
  await isRefused(without(/ Recipient="[^"]+"/), /is for nobody/);
  await isRefused(without(/<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/), /for whom/);
  await isRefused(without(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/), /signed in/);
  await isRefused({ beforeSigning: (xml) => xml.replace("cm:bearer", "cm:sender-vouches") }, /for whom/);
});

test("an answer that is too old, too early, or without an end", async () => {
  await isRefused({ facts: { notOnOrAfter: inMinutes(-2) } }, /expired|too old/);
  await isRefused({ facts: { notBefore: inMinutes(3) } }, /not yet valid|only from/);
  await isRefused(
    { beforeSigning: (xml) => xml.replace(/(Data) NotOnOrAfter="[^"]+"/, "$1") },
    /until when|not a valid date/,
  );
  await isRefused(
    { beforeSigning: (xml) => xml.replace(/(Data) NotOnOrAfter="[^"]+"/, '$1 NotOnOrAfter="soon"') },
    /./,
  );
  const over = ` SessionNotOnOrAfter="${inMinutes(-5)}"`;
  await isRefused(
    { beforeSigning: (xml) => xml.replace("<saml:AuthnStatement", `<saml:AuthnStatement${over}`) },
    /session/,
  );
  const early = { facts: { notBefore: inMinutes(0.5) } };
  assert.equal(
    (await goThroughSaml(browser, start, "mallory", provider, early)).status,
    302,
    "half a minute is forgiven",
  );
});

test("the same answer twice, and two answers to one question", async () => {
  const location = await begin(browser);
  const form = await provider.answer(location, "mallory");
  const kept = browser.clone();
  assert.equal((await postAndFollow(browser, name, form)).status, 302);
  const replayed = await postAndFollow(kept, name, form);
  assert.equal(replayed.status, 401);
  assert.match(replayed.body.detail, /used before/);
  const second = await postAndFollow(kept, name, await provider.answer(location, "ann"));
  assert.equal(second.status, 401);
  assert.match(second.body.detail, /used before/);
  const assertionId = "_the-same";
  assert.equal((await goThroughSaml(browser, start, "mallory", provider, { facts: { assertionId } })).status, 302);
  await isRefusedBy(openBrowser(app.url), { facts: { assertionId } }, /used before/);
});

async function isRefusedBy(who: Browser, tamper: Tamper, reason: RegExp): Promise<void> {
  const refused = await goThroughSaml(who, start, "mallory", provider, tamper);
  assert.equal(refused.status, 401);
  assert.match(refused.body.detail, reason);
  assert.equal(await whoIs(who), undefined);
}

test("an answer in another browser than the one that asked (sign-in by somebody else's hand)", async () => {
  const form = await provider.answer(await begin(browser), "mallory");
  const posted = await postFromElsewhere(browser, name, form);
  const page = new URL(posted.headers.get("location") ?? "");
  const victim = openBrowser(app.url);
  assert.equal((await victim.ask(page.pathname + page.search)).status, 401, "a browser without a sign-in");
  const location = await begin(victim);
  assert.equal((await victim.ask(page.pathname + page.search)).status, 401, "a browser with a sign-in of its own");
  assert.equal(await whoIs(victim), undefined);
  assert.equal(
    (await browser.ask(page.pathname + page.search)).status,
    401,
    "what was tried elsewhere is worth nothing",
  );
  const other = await provider.answer(location, "mallory");
  other.set("RelayState", "auxot.of-somebody-else");
  assert.equal((await postAndFollow(victim, name, other)).status, 401, "the relay state belongs to the browser too");
});

test("an answer to a question that nobody asked", async () => {
  const asked = { facts: { inResponseTo: "_never-asked" } };
  await isRefusedBy(browser, asked, /another browser/);
  await isRefused({ facts: { inResponseTo: undefined } }, /no question of this router/);
});

test("an answer for one provider of this router, taken to another", async () => {
  provider.service = await readService("sister");
  const form = await provider.answer(await begin(browser, "/api/auth/sso/sister/start"), "mallory");
  const refused = await postAndFollow(browser, name, form);
  assert.equal(refused.status, 401);
  assert.match(refused.body.detail, /sister/);
});

const status = (xml: string): string =>
  xml
    .replace("status:Success", "status:Responder")
    .replace("</samlp:Status>", "<samlp:StatusMessage>Locked out</samlp:StatusMessage></samlp:Status>");

test("an answer that says it did not work, is encrypted, or is no answer", async () => {
  await isRefused({ afterSigning: status }, /did not work \(Responder, Locked out\)/);
  await isRefused({ afterSigning: (xml) => xml.replaceAll("saml:Assertion", "saml:EncryptedAssertion") }, /encrypted/);
  await isRefused({ afterSigning: () => "<a/>" }, /not a SAML response/);
  await isRefused({ afterSigning: () => "nonsense" }, /not XML/);
  await isRefused({ afterSigning: (xml) => deflateRawSync(xml).toString("latin1") }, /not XML|comments/);
});

test("whatever is not a form of bearable size", async () => {
  const ask = (body: string, type: string) =>
    fetch(`${app.url}/api/auth/sso/${name}/acs`, { method: "POST", headers: { "content-type": type }, body });
  const form = "application/x-www-form-urlencoded";
  assert.equal((await ask('{"SAMLResponse":"x"}', "application/json")).status, 400);
  assert.equal((await ask("RelayState=x", form)).status, 400);
  assert.equal((await ask(`SAMLResponse=${"A".repeat(600_000)}`, form)).status, 413);
  assert.equal((await ask("SAMLResponse=x", form)).status, 401);
  assert.equal(
    (
      await fetch(`${app.url}/api/auth/sso/nobody/acs`, {
        method: "POST",
        headers: { "content-type": form },
        body: "SAMLResponse=x",
      })
    ).status,
    404,
  );
});

test("other paths go on refusing what other sites post", async () => {
  const posted = await openBrowser(app.url).ask(
    "/api/auth/sign-in/email",
    { email: "a@b.example", password: "x" },
    { headers: { origin: "https://idp.example" } },
  );
  assert.equal(posted.status, 403);
});
