// Signing in with a password, and what becomes of sessions.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, type Browser } from "../harness/browser.ts";
import { makeOwner, ownerPassword, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
});
after(() => app[Symbol.asyncDispose]());

async function signIn(password = ownerPassword, email = owner.email, browser = openBrowser(app.url)) {
  return { browser, answer: await browser.ask("/api/auth/sign-in/email", { email, password }) };
}

async function isSignedIn(browser: Browser): Promise<boolean> {
  return (await browser.ask("/api/auth/sessions")).status === 200;
}

test("a person signs in, uses the administrative API by cookie, and signs out", async () => {
  const { browser, answer } = await signIn();
  assert.equal(answer.status, 200);
  assert.equal("token" in answer.body, false);
  assert.equal((await browser.ask("/api/keys")).status, 200);
  const stolen = browser.clone();
  assert.equal((await browser.ask("/api/auth/sign-out", {})).status, 200);
  assert.equal(await isSignedIn(stolen), false, "the cookie of before is worth nothing");
  assert.equal((await stolen.ask("/api/keys")).status, 401);
});

test("the cookie is for this site and no script", async () => {
  const { answer } = await signIn();
  const cookie = answer.headers.getSetCookie().find((line) => line.startsWith("auxot.session_token")) ?? "";
  assert.match(cookie, /HttpOnly/i);
  assert.match(cookie, /SameSite=Lax/i);
  assert.equal(answer.headers.get("cache-control"), "no-store");
});

test("behind https the cookie is secure", async () => {
  await using secure = await startTestRouter({ config: { baseUrl: "https://auxot.example.com" } });
  const made = await fetch(`${secure.url}/api/setup`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: "https://auxot.example.com" },
    body: JSON.stringify({ token: secure.setupToken, name: "O", email: "o@example.com", password: ownerPassword }),
  });
  assert.match(made.headers.getSetCookie().join(), /^__Secure-auxot\.session_token=.*; Secure/i);
});

test("whoever has somebody's session cannot try passwords with it without end", async () => {
  const { browser } = await signIn();
  const guess = { currentPassword: "a wrong password", newPassword: "a whole new password" };
  const answers: number[] = [];
  for (let tries = 0; tries < 11; tries++) answers.push((await browser.ask("/api/auth/change-password", guess)).status);
  assert.deepEqual(answers, [...Array.from({ length: 10 }, () => 403), 429]);
});

test("a cookie that an attacker chose before is not the session afterwards", async () => {
  const attacker = (await signIn()).browser;
  const victim = attacker.clone();
  await signIn(ownerPassword, owner.email, victim);
  assert.notDeepEqual(victim.cookies, attacker.cookies);
  const forged = openBrowser(app.url, new Map([["auxot.session_token", "made-up.c2lnbmF0dXJl"]]));
  assert.equal(await isSignedIn(forged), false);
});

test("an unknown address and a wrong password get the same answer for the same work", async () => {
  const times: Record<string, number[]> = { known: [], unknown: [] };
  const answers: unknown[] = [];
  for (let round = 0; round < 3; round++) {
    for (const [kind, email] of [
      ["known", owner.email],
      ["unknown", `nobody${round}@example.com`],
    ] as const) {
      const startedAt = performance.now();
      const { answer } = await signIn("not the password", email);
      times[kind]?.push(performance.now() - startedAt);
      answers.push([answer.status, answer.body.code, answer.body.detail]);
    }
  }
  assert.equal(new Set(answers.map((one) => JSON.stringify(one))).size, 1, JSON.stringify(answers));
  assert.match(JSON.stringify(answers[0]), /e-mail address or the password is wrong/);
  const [known, unknown] = [Math.min(...(times["known"] ?? [])), Math.min(...(times["unknown"] ?? []))];
  assert.ok(unknown > known / 5 && known > unknown / 5, `${known} ms and ${unknown} ms`);
});

test("guessing one account's password gets slow, for that account alone", async () => {
  const statuses: number[] = [];
  for (let round = 0; round < 3; round++) {
    const tries = Array.from({ length: 4 }, () => signIn("a guess of many", "target@example.com"));
    statuses.push(...(await Promise.all(tries)).map(({ answer }) => answer.status));
  }
  assert.deepEqual(statuses.toSorted(), [...Array.from({ length: 10 }, () => 401), 429, 429]);
  assert.equal((await signIn()).answer.status, 200);
});

test("people see their sessions and end one or all of them", async () => {
  const [first, second, third] = [(await signIn()).browser, (await signIn()).browser, (await signIn()).browser];
  const list = (await first.ask("/api/auth/sessions")).body.items as { id: string; current: boolean }[];
  assert.equal(list.filter(({ current }) => current).length, 1);
  const mine = (await second.ask("/api/auth/sessions")).body.items as { id: string; current: boolean }[];
  const id = mine.find(({ current }) => current)?.id ?? "";
  assert.equal((await first.ask(`/api/auth/sessions/${id}`, undefined, { method: "DELETE" })).status, 200);
  assert.equal(await isSignedIn(second), false);
  assert.equal((await first.ask(`/api/auth/sessions/${id}`, undefined, { method: "DELETE" })).status, 404);
  assert.equal(await isSignedIn(third), true);
  assert.equal((await first.ask("/api/auth/sign-out-everywhere", {})).status, 200);
  assert.deepEqual([await isSignedIn(first), await isSignedIn(third)], [false, false]);
});

test("another site cannot act with the cookie", async () => {
  const { browser } = await signIn();
  for (const headers of [{ origin: "https://evil.example" }, { origin: "null" }]) {
    const refused = await browser.ask("/api/keys", { name: "x" }, { headers });
    assert.equal(refused.status, 403);
    assert.match(refused.body.detail, /AUXOT_BASE_URL/);
    assert.equal((await browser.ask("/api/auth/sign-out-everywhere", {}, { headers })).status, 403);
  }
  const login = await openBrowser(app.url).ask(
    "/api/auth/sign-in/email",
    { email: owner.email, password: ownerPassword },
    { headers: { origin: "https://evil.example" } },
  );
  assert.equal(login.status, 403);
  assert.equal((await browser.ask("/api/keys", { name: "by cookie" })).status, 200);
});

test("a cookie opens no inference", async () => {
  const { browser } = await signIn();
  assert.equal((await browser.ask("/v1/models")).status, 401);
});

test("a changed password works at once, and the old one does not", async () => {
  const { browser } = await signIn();
  const other = (await signIn()).browser;
  const wrong = await browser.ask("/api/auth/change-password", {
    currentPassword: "nonsense nonsense",
    newPassword: "another good one",
  });
  assert.equal(wrong.status, 403);
  const changed = await browser.ask("/api/auth/change-password", {
    currentPassword: ownerPassword,
    newPassword: "another good one",
    revokeOtherSessions: true,
  });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(await isSignedIn(other), false);
  assert.equal((await signIn("another good one")).answer.status, 200);
  assert.equal((await signIn(ownerPassword)).answer.status, 401);
  const again = await browser.ask("/api/auth/change-password", {
    currentPassword: "another good one",
    newPassword: ownerPassword,
  });
  assert.equal(again.status, 200);
});

test("what the engine can do beyond the guide is not there", async () => {
  const { browser } = await signIn();
  for (const path of [
    "sign-up/email",
    "update-user",
    "delete-user",
    "request-password-reset-callback",
    "link-social",
    "refresh-token",
  ]) {
    const refused = await browser.ask(`/api/auth/${path}`, {
      email: "x@example.com",
      password: ownerPassword,
      name: "x",
    });
    assert.equal(refused.status, 404, path);
    assert.equal(refused.headers.get("content-type"), "application/problem+json");
  }
});

test("broken input is refused with a problem document", async () => {
  for (const body of [
    {},
    { email: 7, password: ownerPassword },
    { email: "x", password: ownerPassword },
    { email: "x@example.com" },
  ]) {
    const refused = await openBrowser(app.url).ask("/api/auth/sign-in/email", body);
    assert.equal(refused.status, 400, JSON.stringify(body));
    assert.equal(refused.body.code, "invalid_request");
  }
});
