// The pages people sign in with, as the router serves them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../harness/browser.ts";
import { goToCallback, startIdentityProvider } from "../harness/identity-provider.ts";
import { makeOwner, ownerPassword } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
before(async () => void (app = await startTestRouter()));
after(() => app[Symbol.asyncDispose]());

const pages = ["/setup", "/sign-in", "/accept-invitation", "/reset-password", "/device", "/account"];
/** As browsers do that open an address. */
const opened = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
const ask = (path: string, options: RequestInit = {}) =>
  fetch(new URL(path, app.url), { redirect: "manual", ...options });

function checkHeaders({ headers }: Response): void {
  const policy = headers.get("content-security-policy") ?? "";
  for (const rule of ["default-src 'none'", "script-src 'self'", "form-action 'none'", "frame-ancestors 'none'"]) {
    assert.ok(policy.split("; ").includes(rule), rule);
  }
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(headers.get("x-frame-options"), "DENY");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
}

test("every page is there, needs nothing that its policy forbids, and everything it loads is there", async () => {
  for (const page of pages) {
    const response = await ask(page);
    assert.equal(response.status, 200, page);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    checkHeaders(response);
    const html = await response.text();
    assert.match(html, /<html lang="en">/);
    assert.doesNotMatch(html, /<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?:/, page);
    for (const [, field] of html.matchAll(/<(?:input)\b[^>]*? id="([^"]+)"[^>]*>/g)) {
      const isHidden = new RegExp(`id="${field}"[^>]*\\shidden`).test(html);
      assert.ok(isHidden || html.includes(`<label for="${field}"`), `${page}: ${field} has a label`);
    }
    const loaded = await loadAll([...html.matchAll(/(?:src|href)="(\/pages\/[^"]+)"/g)].map(([, part]) => part ?? ""));
    assert.ok(loaded >= 5, `${page} loads ${loaded}`);
  }
});

/** These and what they import. */
async function loadAll(first: readonly string[]): Promise<number> {
  const seen = new Set(first);
  for (const part of seen) {
    const response = await ask(part);
    assert.equal(response.status, 200, part);
    checkHeaders(response);
    const type = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };
    assert.equal(response.headers.get("content-type"), type[part.split(".").at(-1) as keyof typeof type]);
    const text = await response.text();
    if (part.endsWith(".js")) for (const [, name] of text.matchAll(/ from "\.\/([^"]+)"/g)) seen.add(`/pages/${name}`);
  }
  return seen.size;
}

test("a page that a browser has already is not sent again, and HEAD sends none", async () => {
  const first = await ask("/sign-in");
  const etag = first.headers.get("etag") ?? "";
  assert.equal(first.headers.get("cache-control"), "no-cache");
  const again = await ask("/sign-in", { headers: { "if-none-match": etag } });
  assert.deepEqual([again.status, await again.text()], [304, ""]);
  assert.equal((await ask("/sign-in", { headers: { "if-none-match": '"other"' } })).status, 200);
  const head = await ask("/pages/style.css", { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.ok(Number(head.headers.get("content-length")) > 1000);
});

test("pages are only read", async () => {
  const posted = await ask("/sign-in", { method: "POST", body: "email=a" });
  assert.equal(posted.status, 405);
  assert.equal(posted.headers.get("allow"), "GET, HEAD, OPTIONS");
});

test("files beside the pages and outside of their folder are not there", async () => {
  for (const path of [
    "/pages/",
    "/pages/pages.ts",
    "/pages/../pages.ts",
    "/pages/%2e%2e/pages.ts",
    "/sign-in.html",
    "/pages/sign-in.html",
  ]) {
    assert.equal((await ask(path)).status, 404, path);
  }
});

test("the first page leads people to sign in or to their account, and tells programs where the API is", async () => {
  const stranger = await ask("/", opened);
  assert.deepEqual([stranger.status, stranger.headers.get("location")], [302, "/sign-in"]);
  const known = await ask("/", { headers: { ...opened.headers, cookie: "auxot.session_token=x" } });
  assert.equal(known.headers.get("location"), "/account");
  const program = await ask("/");
  assert.equal(program.status, 404);
  assert.match(((await program.json()) as { detail: string }).detail, /The API is at \/v1/);
});

test("an address that there is not is told to people as a page, and to programs as before", async () => {
  const page = await ask("/nothing/<b>here</b>", opened);
  assert.equal(page.status, 404);
  checkHeaders(page);
  const html = await page.text();
  assert.match(html, /There is no such page/);
  assert.doesNotMatch(html, /<b>/);
  for (const path of ["/api/nothing", "/scim/v2/nothing", "/v1/nothing"]) {
    const answer = await ask(path, opened);
    assert.match(answer.headers.get("content-type") ?? "", /json/, path);
  }
});

test("links in mails and on command lines lead to pages that are there", async () => {
  const { browser, id } = await makeOwner(app);
  const invitation = await browser.ask("/api/invitations", { email: "kim@example.com" });
  const reset = await browser.ask(`/api/users/${id}/reset-password`, {});
  const device = await browser.ask("/api/auth/device/code", { client: "laptop" });
  for (const address of [invitation.body.url, reset.body.url, device.body.verification_uri_complete]) {
    const { pathname } = new URL(address);
    assert.ok(pages.includes(pathname), pathname);
    assert.equal((await ask(pathname)).status, 200);
  }
});

test("a page can ask who is signed in and how; nobody is told of somebody else", async () => {
  assert.equal((await openBrowser(app.url).ask("/api/auth/account")).status, 401);
  const browser = openBrowser(app.url);
  await browser.ask("/api/auth/sign-in/email", { email: "olga@example.com", password: ownerPassword });
  const { body } = await browser.ask("/api/auth/account");
  assert.partialDeepStrictEqual(body, {
    email: "olga@example.com",
    name: "Olga",
    orgRole: "owner",
    hasPassword: true,
    hasProvider: false,
    hasAuthenticator: false,
  });
});

test("mistakes are told by the field they are in, so that the page can show them there", async () => {
  const browser = openBrowser(app.url);
  await browser.ask("/api/auth/sign-in/email", { email: "olga@example.com", password: ownerPassword });
  const change = async (currentPassword: string, newPassword: string) =>
    (await browser.ask("/api/auth/change-password", { currentPassword, newPassword })).body.errors?.[0].path;
  assert.equal(await change("nonsense nonsense", "another good one"), "currentPassword");
  assert.equal(await change(ownerPassword, "short"), "newPassword");
  assert.equal(await change(ownerPassword, "aaaaaaaaaaaaaa"), "newPassword");
  assert.equal(await change(ownerPassword, "olga@example.com"), "newPassword");
  const enable = await browser.ask("/api/auth/two-factor/enable", { password: "nonsense nonsense" });
  assert.equal(enable.body.errors[0].path, "password");
});

test("people read what became of single sign-on: a test that passed, and a sign-in that was refused", async () => {
  const owner = openBrowser(app.url);
  await owner.ask("/api/auth/sign-in/email", { email: "olga@example.com", password: ownerPassword });
  const callback = `${app.url.replace("127.0.0.1", "localhost")}/api/auth/sso/corp/callback`;
  await using provider = await startIdentityProvider({ redirectUrls: [callback] });
  provider.people.set("ann", { email: "ann@corp.example", email_verified: true, name: "<b>Ann</b>" });
  const { issuer, clientId, clientSecret } = provider;
  const settings = { name: "corp", issuer, clientId, clientSecret, domains: ["corp.example"], allowPrivate: true };
  const { id } = (await owner.ask("/api/sso-providers", settings)).body;
  const { pathname, search } = new URL((await owner.ask(`/api/sso-providers/${id}/test`, {})).body.url);
  const back = async (start: string, login: string) => {
    const browser = openBrowser(app.url);
    const there = await goToCallback(browser, start, login, provider);
    return browser.ask(there.callback, undefined, opened);
  };
  const passed = await back(pathname + search, "ann");
  assert.equal(passed.status, 200);
  assert.match(passed.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(passed.body, /Single sign-on with &#34;corp&#34; works/);
  assert.match(passed.body, /<dt>E-mail<\/dt><dd>ann@corp\.example<\/dd>/);
  assert.doesNotMatch(passed.body, /<b>Ann/);

  await owner.ask(`/api/sso-providers/${id}/enable`, {});
  provider.people.set("eve", { email: "eve@other.example", email_verified: true });
  const refused = await back("/api/auth/sso/corp/start", "eve");
  assert.equal(refused.status, 403);
  assert.match(refused.body, /You are not signed in/);
  assert.match(refused.body, /other\.example/);
  assert.match(refused.body, /href="\/sign-in"/);
  for (const returnTo of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
    const start = `/api/auth/sso/corp/start?returnTo=${encodeURIComponent(returnTo)}`;
    assert.equal((await back(start, "ann")).headers.get("location"), "/", returnTo);
  }
});
