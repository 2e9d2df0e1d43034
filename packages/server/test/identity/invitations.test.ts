// How people come in by invitation, and how their access ends.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../harness/browser.ts";
import { startFakeMailServer } from "../harness/fake-mail-server.ts";
import { makeOwner, ownerPassword, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
});
after(() => app[Symbol.asyncDispose]());

const tokenOf = (url: string): string => new URL(url).hash.slice(1);

async function invite(email: string, more: object = {}, by = owner.browser) {
  return by.ask("/api/invitations", { email, ...more });
}

const accept = (token: string) =>
  openBrowser(app.url).ask("/api/auth/accept-invitation", { token, name: "B", password: ownerPassword });
const signIn = (email: string, password = ownerPassword) =>
  openBrowser(app.url).ask("/api/auth/sign-in/email", { email, password });
const reset = (url: string, password = "a whole new password") =>
  openBrowser(app.url).ask("/api/auth/reset-password", { token: tokenOf(url), password });

async function join(email: string, more: object = {}) {
  const invitation = await invite(email, more);
  assert.equal(invitation.status, 200, JSON.stringify(invitation.body));
  const browser = openBrowser(app.url);
  const token = tokenOf(invitation.body.url);
  const accepted = await browser.ask("/api/auth/accept-invitation", {
    token,
    name: email.split("@")[0],
    password: ownerPassword,
  });
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
  return { browser, id: String(accepted.body.id), invitation: invitation.body };
}

test("an invited person makes an account with the link, once, and has the role in it", async () => {
  const made = await invite("Anna@Example.com", { role: "admin" });
  assert.partialDeepStrictEqual(made.body, {
    email: "anna@example.com",
    role: "admin",
    state: "open",
    mail: "not-configured",
  });
  const token = tokenOf(made.body.url);
  const days = (Date.parse(made.body.expiresAt) - Date.parse(made.body.createdAt)) / 86_400_000;
  assert.equal(days, 7);
  const browser = openBrowser(app.url);
  const shown = await browser.ask("/api/auth/read-invitation", { token });
  assert.partialDeepStrictEqual(shown.body, { email: "anna@example.com", orgRole: "admin" });
  for (const bad of [
    { token, name: "" },
    { token, name: "Anna", password: "short" },
  ]) {
    assert.equal((await browser.ask("/api/auth/accept-invitation", bad)).status, 400);
  }
  const both = await Promise.all(
    [browser, openBrowser(app.url)].map((one) =>
      one.ask("/api/auth/accept-invitation", { token, name: "Anna", password: ownerPassword }),
    ),
  );
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 404]);
  assert.equal(
    (await openBrowser(app.url).ask("/api/auth/sign-in/email", { email: "anna@example.com", password: ownerPassword }))
      .status,
    200,
  );
  const list = await owner.browser.ask("/api/invitations");
  assert.equal(list.body.items[0].state, "accepted");
  assert.equal(JSON.stringify(list.body).includes(token), false);
});

test("an invitation that was sent again, revoked or made up opens nothing", async () => {
  const made = await invite("ben@example.com");
  assert.equal((await invite("ben@example.com")).status, 409);
  const resent = await owner.browser.ask(`/api/invitations/${made.body.id}/resend`, {});
  assert.equal((await accept(tokenOf(made.body.url))).status, 404);
  const revoked = await owner.browser.ask(`/api/invitations/${made.body.id}`, undefined, { method: "DELETE" });
  assert.equal(revoked.body.state, "revoked");
  assert.equal((await accept(tokenOf(resent.body.url))).status, 404);
  assert.equal((await accept("made-up")).status, 404);
  assert.equal((await owner.browser.ask(`/api/invitations/${made.body.id}/resend`, {})).status, 409);
  assert.equal((await owner.browser.ask("/api/invitations/inv_none/resend", {})).status, 404);
});

test("says what is wrong with an invitation, and makes none for somebody who is there", async () => {
  for (const [body, field] of [
    [{ email: "nobody" }, "email"],
    [{ email: "x@example.com", role: "king" }, "role"],
    [{ email: "x@example.com", teams: [{ teamId: "tem_none" }] }, "teams"],
    [{ email: "x@example.com", days: 9 }, "days"],
  ] as const) {
    const refused = await owner.browser.ask("/api/invitations", body);
    assert.equal(refused.status, 400, field);
    assert.match(refused.body.detail, new RegExp(field));
  }
  assert.equal((await invite(owner.email)).status, 409);
  const tried = await owner.browser.ask("/api/invitations?dryRun=true", { email: "dry@example.com" });
  assert.equal(tried.body.dryRun, true);
  assert.equal((await invite("dry@example.com")).status, 200);
});

test("nobody invites to more than they are, and members invite nobody", async () => {
  const admin = await join("adam@example.com", { role: "admin" });
  const member = await join("mia@example.com");
  assert.equal((await invite("a@example.com", { role: "owner" }, admin.browser)).status, 403);
  assert.equal((await invite("a@example.com", { role: "admin" }, admin.browser)).status, 200);
  assert.equal((await invite("b@example.com", {}, member.browser)).status, 403);
  assert.equal((await member.browser.ask("/api/invitations")).status, 403);
});

test("a deactivated person is out at once, cannot come back, and can be let in again", async () => {
  const { browser, id } = await join("carl@example.com");
  assert.equal((await browser.ask(`/api/users/${id}`)).status, 200, "people see their own account");
  const gone = await owner.browser.ask(`/api/users/${id}/deactivate`, {});
  assert.equal(typeof gone.body.deactivatedAt, "string");
  assert.equal((await browser.ask(`/api/users/${id}`)).status, 401);
  const refused = await signIn("carl@example.com");
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /deactivated/);
  assert.equal((await owner.browser.ask(`/api/users/${id}/activate`, {})).body.deactivatedAt, null);
  assert.equal((await signIn("carl@example.com")).status, 200);
});

test("links that somebody made and nobody used end with their access", async () => {
  const admin = await join("gone-admin@example.com", { role: "admin" });
  const other = await join("colleague@example.com");
  const made = await invite("friend@example.com", {}, admin.browser);
  const link = await admin.browser.ask(`/api/users/${other.id}/reset-password`, {});
  assert.deepEqual([made.status, link.status], [200, 200]);
  assert.equal((await owner.browser.ask(`/api/users/${admin.id}/deactivate`, {})).status, 200);
  assert.equal((await accept(tokenOf(made.body.url))).status, 404);
  assert.equal((await reset(link.body.url)).status, 404);
  const { items } = (await owner.browser.ask("/api/invitations")).body;
  assert.equal(items.find(({ id }: { id: string }) => id === made.body.id).state, "revoked");
});

test("the last owner stays, and nobody touches those above them", async () => {
  const { id } = owner;
  const last = await owner.browser.ask(`/api/users/${id}/deactivate`, {});
  assert.equal(last.status, 409);
  const admin = await join("ada@example.com", { role: "admin" });
  for (const act of ["deactivate", "end-sessions", "reset-password"]) {
    assert.equal((await admin.browser.ask(`/api/users/${id}/${act}`, {})).status, 403, act);
  }
  const member = await join("max@example.com");
  assert.equal((await member.browser.ask(`/api/users/${admin.id}/deactivate`, {})).status, 403);
  assert.equal((await member.browser.ask(`/api/users/${admin.id}`)).status, 403);
  assert.deepEqual(
    (await member.browser.ask("/api/users")).body.items.map((one: { id: string }) => one.id),
    [member.id],
  );
  assert.equal((await owner.browser.ask("/api/users/usr_none/deactivate", {})).status, 404);
});

test("accounts are listed, searched and renamed, and a version that is old is a conflict", async () => {
  const { id } = await join("dora_100@example.com");
  const found = await owner.browser.ask("/api/users?search=DORA_100");
  assert.deepEqual(
    found.body.items.map((one: { id: string }) => one.id),
    [id],
  );
  assert.equal((await owner.browser.ask("/api/users?search=dora%25")).body.items.length, 0);
  const { version } = found.body.items[0];
  const patch = (body: object) => owner.browser.ask(`/api/users/${id}`, body, { method: "PATCH" });
  assert.equal((await patch({ version, name: "Dora D." })).body.name, "Dora D.");
  assert.equal((await patch({ version, name: "Other" })).status, 409);
  assert.equal((await patch({ name: " " })).status, 400);
});

test("an administrator's link sets a new password once and ends the sessions", async () => {
  const { browser, id } = await join("eva@example.com");
  const first = await owner.browser.ask(`/api/users/${id}/reset-password`, {});
  const second = await owner.browser.ask(`/api/users/${id}/reset-password`, {});
  assert.equal((await reset(first.body.url)).status, 404, "replaced by the second");
  assert.equal((await reset(second.body.url, "short")).status, 400);
  assert.equal((await reset(second.body.url)).status, 200);
  assert.equal((await reset(second.body.url)).status, 404);
  assert.equal((await browser.ask(`/api/users/${id}`)).status, 401);
  assert.equal((await signIn("eva@example.com")).status, 401);
  assert.equal((await signIn("eva@example.com", "a whole new password")).status, 200);
});

test("without a mail server people are told whom to ask", async () => {
  const refused = await openBrowser(app.url).ask("/api/auth/request-password-reset", { email: owner.email });
  assert.equal(refused.status, 501);
  assert.match(refused.body.detail, /administrator/);
});

test("with a mail server invitations and password links are mailed, and unknown addresses get the same answer", async () => {
  await using server = await startFakeMailServer();
  const mail = {
    host: "127.0.0.1",
    port: server.port,
    secure: false,
    requireTls: false,
    from: "Auxot <auxot@example.com>",
  };
  await using mailing = await startTestRouter({ config: { mail } });
  const { browser, email } = await makeOwner(mailing);
  assert.equal((await browser.ask("/api/invitations", { email: "fred@example.com" })).body.mail, "sending");
  const invited = await server.next();
  assert.match(invited, /To: fred@example\.com/);
  assert.match(invited, /\/accept-invitation#[\w-]{43}/);
  const ask = (address: string) => openBrowser(mailing.url).ask("/api/auth/request-password-reset", { email: address });
  const [known, unknown] = [await ask(email), await ask("nobody@example.com")];
  assert.deepEqual([known.status, known.body], [unknown.status, unknown.body]);
  const [url = ""] = /http\S+#\S+/.exec(await server.next()) ?? [];
  const reset = await openBrowser(mailing.url).ask("/api/auth/reset-password", {
    token: tokenOf(url),
    password: "mailed new password",
  });
  assert.equal(reset.status, 200, JSON.stringify(reset.body));
  for (let tries = 0; tries < 4; tries++) await ask(email);
  assert.equal((await ask(email)).status, 429, "nobody's mailbox is filled");
});

test("a mail server that is away or refuses keeps nobody from inviting", async () => {
  await using server = await startFakeMailServer({ refuse: "550 no such person" });
  for (const port of [server.port, 1]) {
    const mail = { host: "127.0.0.1", port, secure: false, requireTls: false, from: "auxot@example.com" };
    await using mailing = await startTestRouter({ config: { mail } });
    const { browser } = await makeOwner(mailing);
    const made = await browser.ask("/api/invitations", { email: "gina@example.com" });
    assert.equal(made.status, 200);
    assert.match(made.body.url, /accept-invitation/);
    await mailing.router.stop();
    assert.ok(mailing.log.some(({ message }) => String(message).startsWith("A mail could not be sent")));
  }
});
