// Single sign-on against a real OpenID provider.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, type Browser } from "../harness/browser.ts";
import { goThrough, goToCallback, startIdentityProvider, type IdentityProvider } from "../harness/identity-provider.ts";
import { makeOwner, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
let provider: IdentityProvider;
const name = "corp";

before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
  provider = await startIdentityProvider({ redirectUrls: [callbackOf(app)] });
  provider.people.set("ann", { email: "Ann@Corp.example", email_verified: true, name: "Ann", groups: ["staff"] });
});
after(async () => {
  await provider[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

/** The router calls itself localhost; people may come by its address too. */
function callbackOf({ url }: TestRouter): string {
  return `${url.replace("127.0.0.1", "localhost")}/api/auth/sso/${name}/callback`;
}

function settingsOf({ issuer, clientId, clientSecret }: IdentityProvider) {
  const scopes = ["openid", "profile", "email", "groups"];
  return { name, issuer, clientId, clientSecret, domains: ["corp.example"], allowPrivate: true, scopes };
}

const start = `/api/auth/sso/${name}/start`;
const edit = (id: string, body: object) => owner.browser.ask(`/api/sso-providers/${id}`, body, { method: "PATCH" });

const findPerson = async (search: string) => (await owner.browser.ask(`/api/users?search=${search}`)).body.items[0];
const findCleo = () => findPerson("cleo");

async function whoIs(browser: Browser) {
  return (await browser.ask("/api/auth/get-session")).body?.user?.email as string | undefined;
}

let id = "";

test("a provider is off until somebody went the whole way with it; then it lets people in", async () => {
  const made = await owner.browser.ask("/api/sso-providers", settingsOf(provider));
  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.equal(made.body.redirectUrl, callbackOf(app));
  assert.equal(JSON.stringify(made.body).includes(provider.clientSecret), false);
  id = made.body.id;
  assert.equal((await openBrowser(app.url).ask(start)).status, 404);
  assert.equal((await owner.browser.ask(`/api/sso-providers/${id}/enable`, {})).status, 409);
  const test = await owner.browser.ask(`/api/sso-providers/${id}/test`, {});
  assert.equal(test.status, 200, JSON.stringify(test.body));
  const { pathname, search } = new URL(test.body.url);
  const browser = openBrowser(app.url);
  const passed = await goThrough(browser, pathname + search, "ann", provider);
  assert.partialDeepStrictEqual(passed.body, { test: "passed", claims: { subject: "ann", email: "ann@corp.example" } });
  assert.equal(await whoIs(browser), undefined, "a test signs nobody in");
  assert.equal((await owner.browser.ask("/api/users?search=ann")).body.items.length, 0, "and makes no account");
  assert.equal((await owner.browser.ask(`/api/sso-providers/${id}/enable`, {})).body.enabled, true);
  assert.deepEqual((await browser.ask("/api/auth/methods")).body.sso, [{ name, label: name }]);
});

test("somebody of the domain gets an account and a session, and is the same person the next time", async () => {
  const browser = openBrowser(app.url);
  const back = await goThrough(browser, `${start}?returnTo=/chat`, "ann", provider);
  assert.equal(back.status, 302, JSON.stringify(back.body));
  assert.equal(back.headers.get("location"), "/chat");
  assert.equal(await whoIs(browser), "ann@corp.example");
  provider.people.set("ann", { email: "ann.new@corp.example", email_verified: true, name: "Ann" });
  const again = openBrowser(app.url);
  await goThrough(again, start, "ann", provider);
  assert.equal(await whoIs(again), "ann@corp.example", "the subject counts, not the address");
  provider.people.set("ann", { email: "ann@corp.example", email_verified: true, name: "Ann", groups: ["staff"] });
  const { items } = (await owner.browser.ask("/api/users?search=ann@corp")).body;
  assert.partialDeepStrictEqual(items, [{ name: "Ann", role: "member", origin: "sso" }]);
});

test("somebody new who comes twice at once is one person", async () => {
  provider.people.set("dora", { email: "dora@corp.example", email_verified: true, name: "Dora" });
  const browsers = [openBrowser(app.url), openBrowser(app.url)];
  const back: { readonly callback: string }[] = [];
  for (const browser of browsers) back.push(await goToCallback(browser, start, "dora", provider));
  const both = await Promise.all(browsers.map((browser, at) => browser.ask(back[at]?.callback ?? "")));
  assert.deepEqual(
    both.map(({ status }) => status),
    [302, 302],
    JSON.stringify(both.map(({ body }) => body)),
  );
  assert.equal((await owner.browser.ask("/api/users?search=dora@corp")).body.items.length, 1);
});

test("an address only counts when it is of the domain and not denied", async () => {
  for (const [login, claims, reason] of [
    ["eve", { email: "olga@example.com", email_verified: true }, /domains/],
    ["eve2", { email: "eve@corp.example", email_verified: false }, /not verified/],
    ["eve3", {}, /did not tell/],
  ] as const) {
    provider.people.set(login, claims);
    const browser = openBrowser(app.url);
    const refused = await goThrough(browser, start, login, provider);
    assert.equal(refused.status, 403, login);
    assert.match(refused.body.detail, reason);
    assert.equal(await whoIs(browser), undefined);
  }
});

test("without automatic accounts strangers are told to ask, and invited people come in", async () => {
  await edit(id, { autoJoin: false });
  provider.people.set("bob", { email: "bob@corp.example", email_verified: true });
  assert.equal((await goThrough(openBrowser(app.url), start, "bob", provider)).status, 403);
  await edit(id, { autoJoin: true });
  assert.equal((await goThrough(openBrowser(app.url), start, "bob", provider)).status, 302);
});

test("groups give roles and teams at each sign-in, and take them again", async () => {
  await edit(id, {
    groups: [
      { group: "staff", team: "Everybody at Corp" },
      { group: "ops", role: "admin", team: "Operations", teamRole: "admin" },
    ],
  });
  provider.people.set("cleo", {
    email: "cleo@corp.example",
    email_verified: true,
    name: "Cleo",
    groups: ["ops", "staff"],
  });
  const browser = openBrowser(app.url);
  await goThrough(browser, start, "cleo", provider);
  assert.equal((await findCleo()).role, "admin");
  assert.equal((await browser.ask("/api/keys")).status, 200);
  provider.people.set("cleo", { email: "cleo@corp.example", email_verified: true, name: "Cleo", groups: [] });
  await goThrough(openBrowser(app.url), start, "cleo", provider);
  assert.equal((await findCleo()).role, "member");
  await edit(id, { groups: [] });
});

test("the role in a team follows the groups both ways, and one that was given by hand stays", async () => {
  const groups = [
    { group: "staff", team: "Follows" },
    { group: "leads", team: "Follows", teamRole: "admin" },
  ];
  await edit(id, { groups });
  const come = async (held: string[]) => {
    provider.people.set("rob", { email: "rob@corp.example", email_verified: true, name: "Rob", groups: held });
    await goThrough(openBrowser(app.url), start, "rob", provider);
    const teams = (await owner.browser.ask("/api/teams?limit=200")).body.items as { name: string; id: string }[];
    const team = teams.find((one) => one.name === "Follows")?.id;
    const { items } = (await owner.browser.ask(`/api/teams/${team}/members`)).body;
    return { path: `/api/teams/${team}/members/${items[0]?.memberId}`, role: items[0]?.role as string | undefined };
  };
  assert.equal((await come(["staff"])).role, "member");
  assert.equal((await come(["staff", "leads"])).role, "admin");
  const { path, role } = await come(["staff"]);
  assert.equal(role, "member", "a lead of before is none any more");
  await owner.browser.ask(path, { role: "owner" }, { method: "PUT" });
  assert.equal((await come(["staff"])).role, "owner");
  assert.equal((await come([])).role, undefined);
  await edit(id, { groups: [] });
});

test("a deactivated person does not come in by this way either", async () => {
  const { items } = (await owner.browser.ask("/api/users?search=bob")).body;
  await owner.browser.ask(`/api/users/${items[0].id}/deactivate`, {});
  const refused = await goThrough(openBrowser(app.url), start, "bob", provider);
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /deactivated/);
});

test("an answer that was stolen, replayed or changed signs nobody in", async () => {
  const victim = openBrowser(app.url);
  const { callback } = await goToCallback(victim, start, "ann", provider);
  const thief = openBrowser(app.url);
  assert.equal((await thief.ask(callback)).status, 401, "another browser");
  await thief.ask(start);
  assert.equal((await thief.ask(callback)).status, 401, "a browser with a sign-in of its own");
  const changed = callback.replace(/state=[^&]*/, "state=other");
  assert.equal((await victim.ask(changed)).status, 401);
  const otherIssuer = callback.replace(/iss=[^&]*/, "iss=https%3A%2F%2Fevil.example");
  assert.equal((await victim.ask(otherIssuer)).status, 401);
  const kept = victim.clone();
  assert.equal((await victim.ask(callback)).status, 302);
  assert.equal((await kept.ask(callback)).status, 401, "the same answer twice");
});

const change =
  (part: (payload: Record<string, unknown>) => object) => (path: string, body: Record<string, unknown>) => {
    if (!path.startsWith("/token")) return body;
    const [head = "", payload = "", signature = ""] = String(body["id_token"]).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify(part(claims))).toString("base64url");
    return { ...body, id_token: [head, forged, signature].join(".") };
  };
const unsigned = (path: string, body: Record<string, unknown>) => {
  if (!path.startsWith("/token")) return body;
  const payload = String(body["id_token"]).split(".")[1];
  return { ...body, id_token: `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.` };
};

test("a token that the provider did not make for this sign-in is refused", async () => {
  try {
    for (const tamper of [
      change((claims) => ({ ...claims, sub: "olga" })),
      unsigned,
      (path: string, body: Record<string, unknown>) =>
        path.startsWith("/token") ? { ...body, id_token: "nonsense" } : body,
    ]) {
      provider.tamper = tamper;
      const browser = openBrowser(app.url);
      const refused = await goThrough(browser, start, "ann", provider);
      assert.equal(refused.status, 401, JSON.stringify(refused.body));
      assert.match(refused.body.detail, /token/);
      assert.equal(await whoIs(browser), undefined);
    }
  } finally {
    provider.tamper = undefined;
  }
});

test("people are never sent to another site afterwards", async () => {
  for (const returnTo of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
    const back = await goThrough(
      openBrowser(app.url),
      `${start}?returnTo=${encodeURIComponent(returnTo)}`,
      "ann",
      provider,
    );
    assert.equal(back.headers.get("location"), "/", returnTo);
  }
});

test("a changed way of signing in is off until it is tested again; what does not matter to it stays on", async () => {
  assert.equal((await edit(id, { label: "Corp" })).body.enabled, true);
  const changed = await edit(id, { clientSecret: "another secret" });
  assert.partialDeepStrictEqual(changed.body, { enabled: false, testedAt: null });
  assert.equal((await openBrowser(app.url).ask(start)).status, 404);
  const failed = await goThrough(openBrowser(app.url), `${start}?test=true`, "ann", provider);
  assert.equal(failed.status, 401);
  assert.match(failed.body.detail, /invalid_client/);
  await edit(id, { clientSecret: provider.clientSecret });
  await goThrough(openBrowser(app.url), `${start}?test=true`, "ann", provider);
  assert.equal((await owner.browser.ask(`/api/sso-providers/${id}/enable`, {})).status, 200);
});

test("a domain belongs to one provider: a second one for it cannot be switched on", async () => {
  await using other = await startIdentityProvider({ redirectUrls: [callbackOf(app).replace(name, "second")] });
  other.people.set("ann", { email: "ann@corp.example", email_verified: true });
  const made = await owner.browser.ask("/api/sso-providers", { ...settingsOf(other), name: "second" });
  await goThrough(openBrowser(app.url), "/api/auth/sso/second/start?test=true", "ann", other);
  const path = `/api/sso-providers/${made.body.id}`;
  const refused = await owner.browser.ask(`${path}/enable`, {});
  assert.equal(refused.status, 409, JSON.stringify(refused.body));
  assert.match(refused.body.detail, /corp\.example belong to the identity provider "corp" already/);
  await edit(made.body.id, { domains: ["other.example"] });
  assert.equal((await owner.browser.ask(`${path}/enable`, {})).status, 200);
  assert.equal((await edit(made.body.id, { domains: ["corp.example"] })).status, 409);
  assert.equal((await owner.browser.ask(path, undefined, { method: "DELETE" })).status, 200);
});

test("at another issuer the same id is somebody else", async () => {
  const known = await findPerson("ann@corp");
  await using other = await startIdentityProvider({ redirectUrls: [callbackOf(app)] });
  other.people.set("ann", { email: "andy@corp.example", email_verified: true, name: "Andy" });
  const { issuer, clientId, clientSecret } = other;
  assert.equal((await edit(id, { issuer, clientId, clientSecret })).body.enabled, false);
  await goThrough(openBrowser(app.url), `${start}?test=true`, "ann", other);
  await owner.browser.ask(`/api/sso-providers/${id}/enable`, {});
  const browser = openBrowser(app.url);
  await goThrough(browser, start, "ann", other);
  assert.equal(await whoIs(browser), "andy@corp.example");
  const back = { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret };
  await edit(id, back);
  await goThrough(openBrowser(app.url), `${start}?test=true`, "ann", provider);
  await owner.browser.ask(`/api/sso-providers/${id}/enable`, {});
  const ann = openBrowser(app.url);
  await goThrough(ann, start, "ann", provider);
  assert.equal((await ann.ask("/api/auth/get-session")).body.user.id, known.id, "by the address again");
});

test("a provider is switched off and on again without a new test", async () => {
  const { browser } = owner;
  assert.equal((await browser.ask(`/api/sso-providers/${id}/disable`, {})).body.enabled, false);
  assert.equal((await openBrowser(app.url).ask(start)).status, 404);
  assert.equal((await browser.ask(`/api/sso-providers/${id}/enable`, {})).body.enabled, true);
});

test("says what is wrong with a provider's settings, and lets only owners decide who people are", async () => {
  const good = settingsOf(provider);
  for (const [wrong, field] of [
    [{ name: "Not Good" }, "name"],
    [{ issuer: "corp.example" }, "issuer"],
    [{ domains: ["@corp"] }, "domains"],
    [{ groups: [{ group: "x" }] }, "groups"],
    [{ colour: "red" }, "colour"],
  ] as const) {
    const refused = await owner.browser.ask("/api/sso-providers", { ...good, ...wrong });
    assert.equal(refused.status, 400, field);
    assert.match(refused.body.detail, new RegExp(field));
  }
  assert.equal((await owner.browser.ask("/api/sso-providers", good)).status, 409);
  const admin = openBrowser(app.url);
  provider.people.set("adam", { email: "adam@corp.example", email_verified: true, groups: ["ops"] });
  await edit(id, { groups: [{ group: "ops", role: "admin" }] });
  await goThrough(admin, start, "adam", provider);
  assert.equal((await admin.ask("/api/sso-providers")).status, 200);
  assert.equal((await admin.ask("/api/sso-providers", { ...good, name: "mine" })).status, 403);
  await edit(id, { groups: [] });
});

test("a provider in a private network is asked only where its settings say so", async () => {
  const made = await owner.browser.ask("/api/sso-providers", {
    ...settingsOf(provider),
    name: "hidden",
    allowPrivate: false,
  });
  const refused = await owner.browser.ask(`/api/sso-providers/${made.body.id}/test`, {});
  assert.equal(refused.status, 502);
  assert.match(refused.body.detail, /https|private/);
  const tls = await edit(made.body.id, { issuer: "https://127.0.0.1:1" });
  assert.match((await owner.browser.ask(`/api/sso-providers/${tls.body.id}/test`, {})).body.detail, /private network/);
  const gone = await owner.browser.ask(`/api/sso-providers/${made.body.id}`, undefined, { method: "DELETE" });
  assert.equal(gone.status, 200);
});
