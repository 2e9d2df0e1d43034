// Single sign-on with SAML against a provider that a library makes: the ways that work.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, type Browser } from "../harness/browser.ts";
import { makeOwner, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";
import { createOwnKey } from "../../src/records/identity/sso/saml/own-key.ts";
import {
  goThroughSaml,
  postAndFollow,
  postFromElsewhere,
  startSamlIdentityProvider,
  type SamlIdentityProvider,
} from "../harness/saml-identity-provider.ts";

let app: TestRouter;
let owner: Owner;
let provider: SamlIdentityProvider;
const name = "corp";
const start = `/api/auth/sso/${name}/start`;

before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
  provider = await startSamlIdentityProvider();
  provider.people.set("ann", { nameId: "p-ann", attributes: { email: "Ann@Corp.example", displayName: "Ann" } });
});
after(async () => {
  await provider[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

const make = (body: object) => owner.browser.ask("/api/sso-providers", body);
const edit = (id: string, body: object) => owner.browser.ask(`/api/sso-providers/${id}`, body, { method: "PATCH" });
const findUser = async (search: string) => (await owner.browser.ask(`/api/users?search=${search}`)).body.items[0];
const readService = async (of = name) => (await openBrowser(app.url).ask(`/api/auth/sso/${of}/metadata`)).body;

async function whoIs(browser: Browser) {
  return (await browser.ask("/api/auth/get-session")).body?.user?.email as string | undefined;
}

let id = "";

test("a provider is described by its metadata, tested, switched on, and lets people in", async () => {
  const made = await make({
    kind: "saml",
    name,
    metadata: provider.writeMetadata(),
    domains: ["corp.example"],
    allowPrivate: true,
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const origin = app.url.replace("127.0.0.1", "localhost");
  assert.partialDeepStrictEqual(made.body, {
    kind: "saml",
    issuer: provider.entityId,
    entryPoint: provider.entryPoint,
    certificates: [provider.key.certificate],
    clientId: `${origin}/api/auth/sso/corp/metadata`,
    redirectUrl: `${origin}/api/auth/sso/corp/acs`,
    serviceMetadataUrl: `${origin}/api/auth/sso/corp/metadata`,
    enabled: false,
  });
  id = made.body.id;
  provider.service = await readService();
  assert.equal((await openBrowser(app.url).ask(start)).status, 404, "it is off");
  assert.equal((await owner.browser.ask(`/api/sso-providers/${id}/enable`, {})).status, 409);
  const { pathname, search } = new URL((await owner.browser.ask(`/api/sso-providers/${id}/test`, {})).body.url);
  const browser = openBrowser(app.url);
  const passed = await goThroughSaml(browser, pathname + search, "ann", provider);
  assert.partialDeepStrictEqual(passed.body, {
    test: "passed",
    claims: { subject: "persistent p-ann", email: "ann@corp.example" },
  });
  assert.equal(await whoIs(browser), undefined, "a test signs nobody in");
  assert.equal((await owner.browser.ask(`/api/sso-providers/${id}/enable`, {})).body.enabled, true);
});

test("somebody of the domain gets an account and a session, and is the same person the next time", async () => {
  const browser = openBrowser(app.url);
  const back = await goThroughSaml(browser, `${start}?returnTo=/chat`, "ann", provider);
  assert.equal(back.status, 302, JSON.stringify(back.body));
  assert.equal(back.headers.get("location"), "/chat");
  assert.equal(await whoIs(browser), "ann@corp.example");
  provider.people.set("ann", { nameId: "p-ann", attributes: { email: "ann.new@corp.example" } });
  const again = openBrowser(app.url);
  await goThroughSaml(again, start, "ann", provider);
  assert.equal(await whoIs(again), "ann@corp.example", "the NameID counts, not the address");
  assert.partialDeepStrictEqual(await findUser("ann"), { name: "Ann", role: "member", origin: "sso" });
});

test("a signature over the whole response, or over both, is as good", async () => {
  for (const signed of ["response", "both"] as const) {
    const back = await goThroughSaml(openBrowser(app.url), start, "ann", provider, { signed });
    assert.equal(back.status, 302, `${signed}: ${JSON.stringify(back.body)}`);
  }
});

test("people are read from the attributes that Entra ID, Okta, Keycloak and Google send", async () => {
  const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
  const microsoft = "http://schemas.microsoft.com";
  const { browser } = owner;
  for (const [login, person, expected] of [
    [
      "entra",
      {
        nameId: "eva@corp.example",
        format: "emailAddress",
        attributes: {
          [`${claims}/emailaddress`]: "eva@corp.example",
          [`${claims}/name`]: "eva@corp.example",
          [`${microsoft}/identity/claims/displayname`]: "Eva Entra",
          [`${microsoft}/identity/claims/objectidentifier`]: "object-1",
          [`${microsoft}/ws/2008/06/identity/claims/groups`]: ["g1", "g2"],
        },
      },
      { subject: "object object-1", email: "eva@corp.example", name: "Eva Entra", groups: ["g1", "g2"] },
    ],
    [
      "okta",
      {
        nameId: "oli@corp.example",
        format: "emailAddress",
        attributes: { firstName: "Oli", lastName: "Okta", groups: "Everyone" },
      },
      { subject: "emailAddress oli@corp.example", email: "oli@corp.example", name: "Oli Okta", groups: ["Everyone"] },
    ],
    [
      "keycloak",
      {
        nameId: "G-1",
        attributes: {
          "urn:oid:1.2.840.113549.1.9.1": "kim@corp.example",
          "urn:oid:2.5.4.42": "Kim",
          memberOf: ["a", "b"],
        },
      },
      { subject: "persistent G-1", email: "kim@corp.example", name: "Kim", groups: ["a", "b"] },
    ],
    [
      "bare",
      { nameId: "x@corp.example", format: "unspecified" },
      { subject: "unspecified x@corp.example", groups: [] },
    ],
    [
      "transient",
      { nameId: "_one-time", format: "transient", attributes: { mail: "tea@corp.example" } },
      { subject: "address tea@corp.example", email: "tea@corp.example", groups: [] },
    ],
    [
      "many",
      {
        nameId: "m",
        attributes: { email: "m@corp.example", [`${microsoft}/claims/groups.link`]: "https://graph.example" },
      },
      { subject: "persistent m", email: "m@corp.example" },
    ],
  ] as const) {
    provider.people.set(login, person);
    const { body } = await goThroughSaml(browser, `${start}?test=true`, login, provider);
    assert.deepEqual(body.claims, expected, login);
  }
});

test("the attributes that an administrator names count and no others", async () => {
  await edit(id, { emailAttribute: "Work Mail", nameAttribute: "Called", groupClaim: "Teams" });
  provider.people.set("own", {
    nameId: "own",
    format: "emailAddress",
    attributes: {
      "Work Mail": "own@corp.example",
      email: "other@corp.example",
      Called: "Own",
      Teams: ["t"],
      groups: ["g"],
    },
  });
  const { body } = await goThroughSaml(owner.browser, `${start}?test=true`, "own", provider);
  assert.deepEqual(body.claims, { subject: "emailAddress own", email: "own@corp.example", name: "Own", groups: ["t"] });
  await edit(id, { emailAttribute: null, nameAttribute: null, groupClaim: "groups" });
  await goThroughSaml(owner.browser, `${start}?test=true`, "ann", provider);
  assert.equal((await owner.browser.ask(`/api/sso-providers/${id}/enable`, {})).status, 200);
});

test("an address only counts when it is of the domain", async () => {
  provider.people.set("eve", { nameId: "eve", attributes: { email: "olga@example.com" } });
  provider.people.set("eve2", { nameId: "eve@corp.example", format: "unspecified" });
  for (const [login, reason] of [
    ["eve", /domains/],
    ["eve2", /attribute named email/],
  ] as const) {
    const refused = await goThroughSaml(openBrowser(app.url), start, login, provider);
    assert.equal(refused.status, 403, login);
    assert.match(refused.body.detail, reason);
  }
});

test("without automatic accounts strangers are told to ask", async () => {
  await edit(id, { autoJoin: false });
  provider.people.set("bob", { nameId: "bob", attributes: { email: "bob@corp.example" } });
  const refused = await goThroughSaml(openBrowser(app.url), start, "bob", provider);
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /invitation/);
  await edit(id, { autoJoin: true });
  assert.equal((await goThroughSaml(openBrowser(app.url), start, "bob", provider)).status, 302);
});

test("groups give roles and teams, and no groups take them again", async () => {
  await edit(id, { groups: [{ group: "ops", role: "admin", team: "Operations", teamRole: "admin" }] });
  provider.people.set("cleo", { nameId: "cleo", attributes: { email: "cleo@corp.example", groups: ["ops", "staff"] } });
  const browser = openBrowser(app.url);
  await goThroughSaml(browser, start, "cleo", provider);
  assert.equal((await findUser("cleo")).role, "admin");
  assert.equal((await browser.ask("/api/keys")).status, 200);
  provider.people.set("cleo", { nameId: "cleo", attributes: { email: "cleo@corp.example" } });
  await goThroughSaml(openBrowser(app.url), start, "cleo", provider);
  assert.equal((await findUser("cleo")).role, "member");
  await edit(id, { groups: [] });
});

test("certificates change without a gap: the new one beside the old, then alone", async () => {
  const old = provider.key;
  const next = await createOwnKey("The identity provider, next year", new Date());
  const both = await edit(id, { certificates: [old.certificate, next.certificate] });
  assert.partialDeepStrictEqual(both.body, { enabled: true, certificates: [old.certificate, next.certificate] });
  for (const key of [old, next]) {
    assert.equal((await goThroughSaml(openBrowser(app.url), start, "ann", provider, { key })).status, 302);
  }
  assert.equal((await edit(id, { certificates: [next.certificate] })).body.enabled, false, "one less is to be tested");
  provider.key = next;
  await goThroughSaml(owner.browser, `${start}?test=true`, "ann", provider);
  await owner.browser.ask(`/api/sso-providers/${id}/enable`, {});
  assert.equal((await goThroughSaml(openBrowser(app.url), start, "ann", provider, { key: old })).status, 401);
});

test("people who begin at the provider are told to begin here, or sent on where that is allowed", async () => {
  const tile = await provider.answer(undefined, "ann");
  const refused = await postAndFollow(openBrowser(app.url), name, tile);
  assert.equal(refused.status, 401);
  assert.match(refused.body.detail, /begin here/);
  assert.equal((await edit(id, { idpInitiated: true })).body.enabled, true);
  const browser = openBrowser(app.url);
  const sent = await postFromElsewhere(browser, name, await provider.answer(undefined, "ann"));
  assert.equal(sent.status, 303);
  assert.match(sent.headers.get("location") ?? "", /\/api\/auth\/sso\/corp\/start$/);
  assert.equal(await whoIs(browser), undefined, "the answer that nobody asked for signs nobody in");
  assert.equal((await goThroughSaml(browser, start, "ann", provider)).status, 302);
  assert.equal(await whoIs(browser), "ann@corp.example");
  await edit(id, { idpInitiated: false });
});

test("requests are signed where the provider wants that, with a key that its metadata shows", async () => {
  const signed = await edit(id, { signRequests: true });
  assert.match(signed.body.serviceCertificate, /BEGIN CERTIFICATE/);
  assert.equal(JSON.stringify(signed.body).includes("PRIVATE KEY"), false);
  provider.service = await readService();
  assert.match(provider.service, /AuthnRequestsSigned="true"/);
  const passed = await goThroughSaml(owner.browser, `${start}?test=true`, "ann", provider);
  assert.equal(passed.body.test, "passed", "the provider checked the signature");
  provider.service = provider.service.replace(
    /<X509Certificate>[^<]+/,
    `<X509Certificate>${provider.key.certificate.replace(/-----[A-Z ]+-----|\s/g, "")}`,
  );
  await assert.rejects(goThroughSaml(owner.browser, `${start}?test=true`, "ann", provider), /SIGNATURE/);
  assert.equal((await edit(id, { signRequests: false })).body.serviceCertificate, null);
  provider.service = await readService();
  await goThroughSaml(owner.browser, `${start}?test=true`, "ann", provider);
  await owner.browser.ask(`/api/sso-providers/${id}/enable`, {});
});

test("says what is wrong with a provider's settings", async () => {
  const good = { kind: "saml", name: "other", domains: ["corp.example"], allowPrivate: true };
  const { entityId: issuer, entryPoint } = provider;
  const certificates = [provider.key.certificate];
  for (const [wrong, field] of [
    [{}, /metadataUrl: is required/],
    [{ metadata: "<nonsense" }, /metadata: it is not XML/],
    [{ metadata: "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>" }, /metadata: it is not XML/],
    [{ metadata: await readService() }, /describes no SAML 2.0 identity provider/],
    [{ metadata: provider.writeMetadata(), issuer: "urn:other" }, /does not describe "urn:other"/],
    [{ metadata: provider.writeMetadata(), allowPrivate: false }, /plain HTTP/],
    [{ metadata: provider.writeMetadata(), entryPoint }, /stands beside/],
    [{ entryPoint, certificates }, /issuer: is required/],
    [{ issuer, certificates }, /entryPoint: is required/],
    [{ issuer, entryPoint, certificates: ["TUlJ"] }, /certificates.0: is not an X.509/],
    [{ issuer, entryPoint: "javascript:alert(1)", certificates }, /entryPoint/],
    [{ issuer, entryPoint, certificates, clientSecret: "s" }, /clientSecret/],
    [{ issuer, entryPoint, certificates, scopes: ["openid"] }, /scopes/],
    [{ kind: "oidc", issuer, clientId: "x", clientSecret: "y", metadataUrl: "https://x.example" }, /metadataUrl/],
    [{ kind: "oidc", clientId: "x" }, /issuer: is required.*clientSecret: is required/],
  ] as const) {
    const refused = await make({ ...good, ...wrong });
    assert.equal(refused.status, 400, `${JSON.stringify(wrong).slice(0, 80)}: ${JSON.stringify(refused.body)}`);
    assert.match(refused.body.detail, field);
  }
  const byHand = await make({ ...good, issuer, entryPoint, certificates, clientId: "urn:auxot" });
  assert.equal(byHand.status, 200, JSON.stringify(byHand.body));
  assert.equal(byHand.body.clientId, "urn:auxot");
  assert.match(await readService("other"), /entityID="urn:auxot"/);
  assert.equal((await edit(byHand.body.id, { clientSecret: "s" })).status, 400);
  const gone = await owner.browser.ask(`/api/sso-providers/${byHand.body.id}`, undefined, { method: "DELETE" });
  assert.equal(gone.status, 200);
});
