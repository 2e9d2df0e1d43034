// What the audit log tells of people's ways in: who, how, from where, and who was refused.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../harness/browser.ts";
import { goThrough, startIdentityProvider } from "../harness/identity-provider.ts";
import { createPerson } from "../harness/invited.ts";
import { makeOwner, ownerPassword, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
});
after(() => app[Symbol.asyncDispose]());

type Entry = {
  readonly action: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly face: string;
  readonly ip: string | null;
  readonly actor: { readonly type: string; readonly id: string; readonly name: string };
  readonly target: { readonly id: string; readonly name: string } | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
};

/** Oldest first, of the acts on somebody. */
async function readEntries(query: string): Promise<Entry[]> {
  const response = await app.get(`/api/audit?limit=200&sort=seq&${query}`);
  assert.equal(response.status, 200);
  return ((await response.json()) as { items: Entry[] }).items;
}
const summarize = ({ action, outcome }: Entry): string => `${action} ${outcome}`;

test("set-up, invitation, signing in and out, and what somebody changes of it, are told of the person who did it", async () => {
  const { browser, id } = await createPerson(app, owner, "ann@example.com");
  await browser.ask("/api/auth/sign-out", {});
  const credentials = { email: "ann@example.com", password: ownerPassword };
  await browser.ask("/api/auth/sign-in/email", { ...credentials, password: "not the password" });
  await browser.ask("/api/auth/sign-in/email", credentials);
  await browser.ask("/api/auth/change-password", {
    currentPassword: "wrong password",
    newPassword: "another password",
  });
  await browser.ask("/api/auth/change-password", { currentPassword: ownerPassword, newPassword: "another password" });
  const link = await owner.browser.ask(`/api/users/${id}/reset-password`, {});
  const token = new URL(String(link.body.url)).hash.slice(1);
  await openBrowser(app.url).ask("/api/auth/reset-password", { token, password: ownerPassword });
  await browser.ask("/api/auth/sign-in/email", credentials);
  await browser.ask("/api/auth/sign-out-everywhere", {});
  const entries = await readEntries(`targetId=${id}`);
  assert.deepEqual(entries.map(summarize), [
    "users.join success",
    "users.sign-out success",
    "users.sign-in failure",
    "users.sign-in success",
    "users.change-password failure",
    "users.change-password success",
    "users.reset-password success",
    "users.set-password success",
    "users.sign-in success",
    "users.end-sessions success",
  ]);
  const [joined, , refused, came] = entries;
  assert.partialDeepStrictEqual(joined, { face: "ui", ip: "127.0.0.1", actor: { type: "user", id, name: "ann" } });
  assert.partialDeepStrictEqual(refused, {
    actor: { type: "system", name: "somebody" },
    target: { name: "ann@example.com" },
  });
  assert.match(String(refused?.reason), /password is wrong/);
  assert.deepEqual(came?.after, { method: "password" });
  const setUp = await readEntries("action=users.set-up");
  assert.partialDeepStrictEqual(setUp, [{ target: { id: owner.id }, after: { role: "owner" } }]);
  assert.equal(JSON.stringify(entries).includes(ownerPassword), false);
});

test("who comes by an identity provider, for the first time and again, and what their groups give, is told", async () => {
  const redirectUrls = [`${app.url.replace("127.0.0.1", "localhost")}/api/auth/sso/corp/callback`];
  await using provider = await startIdentityProvider({ redirectUrls });
  const { issuer, clientId, clientSecret } = provider;
  const settings = { domains: ["corp.example"], allowPrivate: true, scopes: ["openid", "profile", "email", "groups"] };
  const groups = [{ group: "ops", role: "admin", team: "Operations" }];
  const sent = { name: "corp", issuer, clientId, clientSecret, ...settings, groups };
  const { id } = (await owner.browser.ask("/api/sso-providers", sent)).body;
  const claims = { email: "cleo@corp.example", email_verified: true, name: "Cleo", groups: ["ops"] };
  provider.people.set("cleo", claims);
  provider.people.set("eve", { ...claims, email: "eve@evil.example" });
  await goThrough(openBrowser(app.url), "/api/auth/sso/corp/start?test=true", "cleo", provider);
  await owner.browser.ask(`/api/sso-providers/${id}/enable`, {});
  const start = "/api/auth/sso/corp/start";
  const browser = openBrowser(app.url);
  await goThrough(browser, start, "cleo", provider);
  await goThrough(openBrowser(app.url), start, "cleo", provider);
  await goThrough(openBrowser(app.url), start, "eve", provider);
  const person = (await browser.ask("/api/auth/get-session")).body.user;
  const entries = await readEntries(`targetId=${person.id}`);
  assert.deepEqual(entries.map(summarize), [
    "users.join success",
    "users.update success",
    "users.sign-in success",
    "users.sign-in success",
  ]);
  assert.deepEqual(entries[1]?.after, { role: "admin", teams: { Operations: "member" } });
  const refused = (await readEntries("action=users.sign-in&outcome=failure")).at(-1);
  assert.match(String(refused?.reason), /evil\.example are not among the domains/);
  assert.partialDeepStrictEqual(refused?.after, { provider: "corp" });
});

const knock = (at: number) =>
  openBrowser(app.url).ask("/api/auth/two-factor/verify-totp", { code: String(100_000 + at) });

test("whoever knocks all day fills no log", async () => {
  for (let at = 0; at < 70; at++) await knock(at);
  const refused = await readEntries("action=users.sign-in&outcome=failure");
  assert.ok(refused.length > 10 && refused.length <= 52, `${refused.length} are written down`);
});
