// The first account, by whoever can read the log.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "../harness/browser.ts";
import { makeOwner, ownerPassword } from "../harness/owner.ts";
import { startTestRouter } from "../harness/router.ts";

const person = { name: "Olga", email: "olga@example.com", password: ownerPassword };

test("whoever has the token of the log becomes the owner and is signed in; afterwards nobody can", async () => {
  await using app = await startTestRouter();
  const browser = openBrowser(app.url);
  assert.deepEqual((await browser.ask("/api/setup")).body, { needed: true });
  const made = await browser.ask("/api/setup", { ...person, email: " Olga@Example.com", token: app.setupToken });
  assert.equal(made.status, 200);
  assert.partialDeepStrictEqual(made.body, { email: "olga@example.com", name: "Olga", orgRole: "owner" });
  const session = await browser.ask("/api/auth/get-session");
  assert.equal(session.body.user.email, "olga@example.com");
  assert.equal(JSON.stringify(session.body).includes("token"), false, "no script sees the session's token");
  assert.deepEqual((await browser.ask("/api/setup")).body, { needed: false });
  const again = await openBrowser(app.url).ask("/api/setup", {
    ...person,
    email: "eve@example.com",
    token: app.setupToken,
  });
  assert.equal(again.status, 403);
  assert.equal((await app.get("/api/keys")).status, 200, "the admin key works as before");
});

test("two at once with the right token make one owner", async () => {
  await using app = await startTestRouter();
  const both = await Promise.all(
    ["a@example.com", "b@example.com"].map((email) =>
      openBrowser(app.url).ask("/api/setup", { ...person, email, token: app.setupToken }),
    ),
  );
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409]);
});

test("wrong tokens are refused, and after a few of them everybody waits", async () => {
  await using app = await startTestRouter();
  const browser = openBrowser(app.url);
  const statuses: number[] = [];
  for (let tries = 0; tries < 7; tries++) {
    statuses.push((await browser.ask("/api/setup", { ...person, token: `setup_wrong${tries}` })).status);
  }
  assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429, 429]);
  const late = await browser.ask("/api/setup", { ...person, token: app.setupToken });
  assert.equal(late.status, 429);
  assert.ok(Number(late.headers.get("retry-after")) > 0);
});

test("says what is wrong with the new owner, field by field, and keeps the token good", async () => {
  await using app = await startTestRouter();
  const browser = openBrowser(app.url);
  for (const [wrong, field] of [
    [{ email: "nobody" }, "email"],
    [{ name: " " }, "name"],
    [{ password: "short" }, "password"],
    [{ password: "aaaaaaaaaaaa" }, "password"],
    [{ role: "owner" }, "role"],
    [{ token: 7 }, "token"],
  ] as const) {
    const refused = await browser.ask("/api/setup", { ...person, token: app.setupToken, ...wrong });
    assert.equal(refused.status, 400, field);
    assert.match(refused.body.detail, new RegExp(field));
  }
  assert.equal((await browser.ask("/api/setup", { ...person, token: app.setupToken })).status, 200);
});

test("an owner without a password has a session to add a passkey with", async () => {
  await using app = await startTestRouter();
  const browser = openBrowser(app.url);
  const { name, email } = person;
  assert.equal((await browser.ask("/api/setup", { name, email, token: app.setupToken })).status, 200);
  assert.equal((await browser.ask("/api/auth/passkey/generate-register-options")).status, 200);
  const denied = await openBrowser(app.url).ask("/api/auth/sign-in/email", { email, password: "any password at all" });
  assert.equal(denied.status, 401);
});

test("each start without an owner has another token, and a start with one has none", async () => {
  await using app = await startTestRouter();
  const first = app.setupToken;
  await app.router.stop();
  await using second = await startTestRouter({ dataDir: app.dataDir });
  assert.notEqual(second.setupToken, first);
  assert.equal((await openBrowser(second.url).ask("/api/setup", { ...person, token: first })).status, 403);
  await makeOwner(second);
  await second.router.stop();
  await using third = await startTestRouter({ dataDir: app.dataDir });
  assert.equal(third.setupToken, undefined);
});
