// Device login: a command line shows a code, somebody signed in approves it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../harness/browser.ts";
import { makeOwner, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
});
after(() => app[Symbol.asyncDispose]());

const begin = async () => (await openBrowser(app.url).ask("/api/auth/device/code", { client: "laptop of Olga" })).body;
const poll = (deviceCode: string) => openBrowser(app.url).ask("/api/auth/device/token", { device_code: deviceCode });
const decide = (userCode: string, approve: boolean) =>
  owner.browser.ask("/api/auth/device/decide", { userCode, approve });

test("an approved command line gets a key once, and no session", async () => {
  const begun = await begin();
  assert.partialDeepStrictEqual(begun, { expires_in: 600, interval: 5 });
  assert.match(begun.user_code, /^[B-Z]{4}-[B-Z]{4}$/);
  const shown = await owner.browser.ask("/api/auth/device/read", { userCode: begun.user_code.toLowerCase() });
  assert.equal(shown.body.client, "laptop of Olga");
  assert.deepEqual((await decide(begun.user_code, true)).body, { status: "approved" });
  const both = await Promise.all([poll(begun.device_code), poll(begun.device_code)]);
  const good = both.filter(({ status }) => status === 200);
  assert.equal(good.length, 1);
  const given = good[0];
  assert.match(given?.body.key, /^axk_/);
  assert.deepEqual(given?.headers.getSetCookie(), []);
  const days = (Date.parse(given?.body.expiresAt) - Date.now()) / 86_400_000;
  assert.ok(days > 89 && days <= 90);
  assert.equal((await app.get("/v1/models", { key: given?.body.key })).status, 200);
  assert.equal((await poll(begun.device_code)).status, 400);
  const acts = app.log.filter(({ message, action }) => message === "administrative act" && action === "keys.create");
  assert.partialDeepStrictEqual(acts.at(-1), { by: "Olga", face: "cli" });
});

test("until somebody decides there is nothing, and whoever asks too often is told", async () => {
  const begun = await begin();
  const first = await poll(begun.device_code);
  assert.deepEqual([first.status, first.body.error], [400, "authorization_pending"]);
  assert.equal((await poll(begun.device_code)).body.error, "slow_down");
});

test("a denied sign-in is over, and a code is decided on once", async () => {
  const begun = await begin();
  assert.equal((await decide(begun.user_code, false)).status, 200);
  assert.equal((await poll(begun.device_code)).body.error, "access_denied");
  assert.equal((await decide(begun.user_code, true)).status, 404);
  assert.equal((await owner.browser.ask("/api/auth/device/read", { userCode: begun.user_code })).status, 404);
});

test("only somebody signed in approves, and no other site for them", async () => {
  const begun = await begin();
  const body = { userCode: begun.user_code, approve: true };
  assert.equal((await openBrowser(app.url).ask("/api/auth/device/decide", body)).status, 401);
  const foreign = await owner.browser.ask("/api/auth/device/decide", body, {
    headers: { origin: "https://evil.example" },
  });
  assert.equal(foreign.status, 403);
  assert.equal((await poll(begun.device_code)).body.error, "authorization_pending");
});

test("somebody deactivated after the approval gets no key", async () => {
  const invitation = await owner.browser.ask("/api/invitations", { email: "kim@example.com" });
  const kim = openBrowser(app.url);
  const token = new URL(invitation.body.url).hash.slice(1);
  const { body } = await kim.ask("/api/auth/accept-invitation", { token, name: "Kim" });
  const begun = await begin();
  assert.equal((await kim.ask("/api/auth/device/decide", { userCode: begun.user_code, approve: true })).status, 200);
  await owner.browser.ask(`/api/users/${body.id}/deactivate`, {});
  assert.equal((await poll(begun.device_code)).body.error, "access_denied");
});

test("codes that there are not are refused, and guessing them gets slow", async () => {
  assert.equal((await poll("made-up")).status, 400);
  assert.equal((await openBrowser(app.url).ask("/api/auth/device/code", { client: "" })).status, 400);
  const statuses: number[] = [];
  for (let tries = 0; tries < 25; tries++) statuses.push((await decide("BBBB-BBBB", true)).status);
  assert.ok(statuses.includes(404) && statuses.at(-1) === 429, statuses.join());
});
