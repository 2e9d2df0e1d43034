// Passkeys and authenticator apps.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPasskey, readAuthenticatorCode } from "../harness/authenticator.ts";
import { openBrowser, type Browser } from "../harness/browser.ts";
import { makeOwner, ownerPassword, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
/** Passkeys belong to a name, so people come by it. */
let url: string;
before(async () => {
  app = await startTestRouter();
  url = app.url.replace("127.0.0.1", "localhost");
  owner = await makeOwner(app);
});
after(() => app[Symbol.asyncDispose]());

const signIn = (browser: Browser, password = ownerPassword) =>
  browser.ask("/api/auth/sign-in/email", { email: owner.email, password });

test("a person registers a passkey and signs in with it alone; an answer works once", async () => {
  const browser = openBrowser(url);
  await signIn(browser);
  const passkey = createPasskey(url);
  const options = await browser.ask("/api/auth/passkey/generate-register-options?name=laptop");
  assert.equal(options.status, 200);
  const response = passkey.register(options.body);
  const registered = await browser.ask("/api/auth/passkey/verify-registration", { response, name: "laptop" });
  assert.equal(registered.status, 200, JSON.stringify(registered.body));
  const again = await browser.ask("/api/auth/passkey/verify-registration", { response, name: "laptop" });
  assert.equal(again.status, 400);
  assert.deepEqual(
    (await browser.ask("/api/auth/passkey/list-user-passkeys")).body.map(({ name }: { name: string }) => name),
    ["laptop"],
  );

  const other = openBrowser(url);
  const challenge = await other.ask("/api/auth/passkey/generate-authenticate-options");
  const answer = { response: passkey.signIn(challenge.body) };
  const cookiesBefore = other.clone();
  const signedIn = await other.ask("/api/auth/passkey/verify-authentication", answer);
  assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body));
  assert.equal(JSON.stringify(signedIn.body).includes('"token"'), false);
  assert.equal((await other.ask("/api/keys")).status, 200);
  const replayed = await cookiesBefore.ask("/api/auth/passkey/verify-authentication", answer);
  assert.equal(replayed.status, 400);
});

test("a passkey that did not check its owner, or answers for another site, is refused", async () => {
  const browser = openBrowser(url);
  await signIn(browser);
  const passkey = createPasskey(url);
  const options = await browser.ask("/api/auth/passkey/generate-register-options");
  await browser.ask("/api/auth/passkey/verify-registration", { response: passkey.register(options.body) });
  const other = openBrowser(url);
  const challenge = (await other.ask("/api/auth/passkey/generate-authenticate-options")).body;
  const unchecked = await other.ask("/api/auth/passkey/verify-authentication", {
    response: passkey.signIn(challenge, { verified: false }),
  });
  assert.equal(unchecked.status, 401);
  const phished = (await other.ask("/api/auth/passkey/generate-authenticate-options")).body;
  const stranger = createPasskey("https://evil.example");
  assert.equal(
    (await other.ask("/api/auth/passkey/verify-authentication", { response: stranger.signIn(phished) })).status,
    401,
  );
  assert.equal((await other.ask("/api/keys")).status, 401);
});

test("with an authenticator app the password alone opens nothing; code or backup code does, each backup code once", async () => {
  const browser = openBrowser(url);
  await signIn(browser);
  assert.equal((await browser.ask("/api/auth/two-factor/enable", { password: "nonsense" })).status, 403);
  const enabled = await browser.ask("/api/auth/two-factor/enable", { password: ownerPassword });
  assert.equal(enabled.status, 200, JSON.stringify(enabled.body));
  const { totpURI, backupCodes } = enabled.body as { totpURI: string; backupCodes: string[] };
  const code = () => ({ code: readAuthenticatorCode(totpURI, Date.now()) });
  assert.equal((await browser.ask("/api/auth/two-factor/verify-totp", code())).status, 200);

  const second = openBrowser(url);
  const half = await signIn(second);
  assert.deepEqual(half.body, { twoFactorRedirect: true, twoFactorMethods: ["totp"] });
  assert.equal((await second.ask("/api/keys")).status, 401, "half way is not in");
  const wrong = await second.ask("/api/auth/two-factor/verify-totp", { code: "000000" });
  assert.equal(wrong.status, 401);
  assert.match(wrong.body.detail, /code is wrong/);
  assert.equal((await second.ask("/api/auth/two-factor/verify-totp", code())).status, 200);
  assert.equal((await second.ask("/api/keys")).status, 200);

  const third = openBrowser(url);
  await signIn(third);
  assert.equal((await third.ask("/api/auth/two-factor/verify-backup-code", { code: backupCodes[0] })).status, 200);
  assert.equal((await third.ask("/api/keys")).status, 200);
  const fourth = openBrowser(url);
  await signIn(fourth);
  assert.equal((await fourth.ask("/api/auth/two-factor/verify-backup-code", { code: backupCodes[0] })).status, 401);

  const acts = await readActs();
  for (const act of ["users.enable-two-factor success", "users.sign-in failure", "users.sign-in success"]) {
    assert.ok(acts.includes(act), act);
  }
  assert.ok(acts.includes("users.add-passkey success"), "of the tests before");

  const off = await second.ask("/api/auth/two-factor/disable", { password: ownerPassword });
  assert.equal(off.status, 200);
  assert.equal((await signIn(openBrowser(url))).body.twoFactorRedirect, undefined);
});

test("whoever lost their phone gets in again when an administrator removes its factors", async () => {
  const browser = openBrowser(url);
  await signIn(browser);
  const { totpURI } = (await browser.ask("/api/auth/two-factor/enable", { password: ownerPassword })).body;
  await browser.ask("/api/auth/two-factor/verify-totp", { code: readAuthenticatorCode(totpURI, Date.now()) });
  assert.equal((await signIn(openBrowser(url))).body.twoFactorRedirect, true);
  const { id } = (await browser.ask("/api/auth/get-session")).body.user;
  const removed = await app.post(`/api/users/${id}/remove-factors`, {});
  assert.equal(((await removed.json()) as { twoFactor: boolean }).twoFactor, false);
  assert.equal((await browser.ask("/api/keys")).status, 401, "sessions end with them");
  const again = openBrowser(url);
  assert.equal((await signIn(again)).body.twoFactorRedirect, undefined);
  assert.deepEqual((await again.ask("/api/auth/passkey/list-user-passkeys")).body, []);
});

async function readActs(): Promise<string[]> {
  const { items } = (await (await app.get("/api/audit?limit=200&action=users.*")).json()) as {
    items: { action: string; outcome: string }[];
  };
  return items.map(({ action, outcome }) => `${action} ${outcome}`);
}
