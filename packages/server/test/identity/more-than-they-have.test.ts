// Nobody gets more than they have by way of invitations, other people's accounts, identity providers or directories.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPerson, type SignedInPerson } from "../harness/invited.ts";
import { makeOwner, type Owner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";

let app: TestRouter;
let owner: Owner;
let admin: SignedInPerson;
/** A member who runs a team with everything a team can have. */
let lead: SignedInPerson;
let team: string;

before(async () => {
  app = await startTestRouter();
  owner = await makeOwner(app);
  admin = await createPerson(app, owner, "admin@example.com", { role: "admin" });
  team = await must(owner.browser.ask("/api/teams", { name: "Research" }));
  lead = await createPerson(app, owner, "lead@example.com", { teams: [{ teamId: team, role: "owner" }] });
});
after(() => app[Symbol.asyncDispose]());

async function must(
  asked: Promise<{ readonly status: number; readonly body: { readonly id: string } }>,
): Promise<string> {
  const { status, body } = await asked;
  assert.equal(status, 200, JSON.stringify(body));
  return body.id;
}

/** Somebody who holds a role of the organisation's own. */
async function createHolder(email: string, actions: readonly string[]): Promise<SignedInPerson> {
  const role = await must(owner.browser.ask("/api/roles", { name: email, actions }));
  const person = await createPerson(app, owner, email);
  await must(owner.browser.ask(`/api/roles/${role}/holders/${person.id}`, {}, { method: "PUT" }).then(asHolder));
  return person;
}

const asHolder = ({ status, body }: { status: number; body: { roleId: string } }) => ({
  status,
  body: { id: body.roleId },
});

async function createKey(scopes: readonly string[]) {
  const made = await app.post("/api/keys", { name: scopes.join(), scopes, admin: true });
  const { key } = (await made.json()) as { key: string };
  return (path: string, body: object) => app.post(path, body, { key });
}

test("an invitation gives no role in a team that its maker may not give, nor what the team holds", async () => {
  const invite = (by: SignedInPerson, role: string, teamId = team) =>
    by.browser.ask("/api/invitations", { email: `${crypto.randomUUID()}@example.com`, teams: [{ teamId, role }] });
  const refused = await invite(admin, "owner");
  assert.equal(refused.status, 403, "owners of teams read what administrators may not");
  assert.match(refused.body.detail, /may not invite to this: .*content-logging/);
  assert.equal((await invite(admin, "admin")).status, 200);
  const inviter = await createHolder("inviter@example.com", ["invitations.edit", "invitations.read"]);
  assert.equal((await invite(inviter, "member")).status, 403, "the team reads more than invitations");
  const privileged = await must(owner.browser.ask("/api/teams", { name: "Privileged" }));
  const role = await must(owner.browser.ask("/api/roles", { name: "contents", actions: ["request-content.read"] }));
  await owner.browser.ask(`/api/roles/${role}/holders/${privileged}`, {}, { method: "PUT" });
  assert.equal((await invite(admin, "member", privileged)).status, 403, "what a team holds counts");
  const sentAgain = await must(
    owner.browser.ask("/api/invitations", { email: "again@example.com", teams: [{ teamId: team, role: "owner" }] }),
  );
  assert.equal((await admin.browser.ask(`/api/invitations/${sentAgain}/resend`, {})).status, 403);
});

test("a key that is held to invitations invites to nothing beyond them", async () => {
  const ask = await createKey(["invitations:write"]);
  const invite = (more: object) => ask("/api/invitations", { email: `${crypto.randomUUID()}@example.com`, ...more });
  assert.equal((await invite({})).status, 200);
  assert.equal((await invite({ role: "owner" })).status, 403);
  assert.equal((await invite({ role: "admin" })).status, 403);
  assert.equal((await invite({ teams: [{ teamId: team, role: "member" }] })).status, 403);
});

const reset = (by: SignedInPerson, id: string) => by.browser.ask(`/api/users/${id}/reset-password`, {});

test("nobody makes a way into the account of somebody with more rights, by whatever they have these", async () => {
  const refused = await reset(admin, lead.id);
  assert.equal(refused.status, 403, "an owner of a team may more than an administrator");
  assert.match(refused.body.detail, /may not make a way to act as lead/);
  const reader = await createHolder("reader@example.com", ["request-content.read"]);
  assert.equal((await reset(admin, reader.id)).status, 403, "by a role of the organisation's own");
  const plain = await createPerson(app, owner, "plain@example.com");
  assert.equal((await reset(admin, plain.id)).status, 200);
  const helpdesk = await createHolder("helpdesk@example.com", ["users.edit", "users.read"]);
  assert.equal((await reset(helpdesk, plain.id)).status, 200);
  for (const { id } of [lead, reader, admin, { id: owner.id }]) {
    for (const act of ["reset-password", "end-sessions", "deactivate"]) {
      assert.equal((await helpdesk.browser.ask(`/api/users/${id}/${act}`, {})).status, 403, act);
    }
    const renamed = await helpdesk.browser.ask(`/api/users/${id}`, { name: "X" }, { method: "PATCH" });
    assert.equal(renamed.status, 403);
  }
  const ask = await createKey(["users:write"]);
  assert.equal(
    (await ask(`/api/users/${plain.id}/reset-password`, {})).status,
    403,
    "a key is no way to a whole account",
  );
  assert.equal((await ask(`/api/users/${plain.id}/end-sessions`, {})).status, 200);
});

test("administrators end the access of everybody but owners", async () => {
  const leaving = await createPerson(app, owner, "leaving@example.com", { teams: [{ teamId: team, role: "owner" }] });
  assert.equal((await admin.browser.ask(`/api/users/${leaving.id}/end-sessions`, {})).status, 200);
  assert.equal((await admin.browser.ask(`/api/users/${leaving.id}/deactivate`, {})).status, 200);
  assert.equal((await admin.browser.ask(`/api/users/${leaving.id}/activate`, {})).status, 403, "and give it to no one");
  assert.equal((await admin.browser.ask(`/api/users/${owner.id}/deactivate`, {})).status, 403);
});

const provider = (name: string) => ({
  name,
  issuer: "https://id.example.com",
  clientId: "a",
  clientSecret: "b",
  groups: [{ group: "all", role: "owner" }],
});

test("a role or a key for identity providers or directories is not enough to be anybody", async () => {
  const actions = ["sso-providers.edit", "sso-providers.read", "scim-tokens.edit", "scim-tokens.read"];
  const holder = await createHolder("identities@example.com", actions);
  const ask = await createKey(["sso-providers:write", "scim-tokens:write"]);
  const refused = await holder.browser.ask("/api/sso-providers", provider("mine"));
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /may not say who people are: .* sign in as an owner/);
  assert.equal((await ask("/api/sso-providers", provider("mine"))).status, 403);
  assert.equal((await holder.browser.ask("/api/scim-tokens", { name: "mine" })).status, 403);
  assert.equal((await ask("/api/scim-tokens", { name: "mine" })).status, 403);
  const id = await must(owner.browser.ask("/api/sso-providers", provider("ours")));
  const changed = await holder.browser.ask(`/api/sso-providers/${id}`, { domains: ["a.example"] }, { method: "PATCH" });
  assert.equal(changed.status, 403);
  assert.equal((await holder.browser.ask("/api/sso-providers")).body.items.length, 1, "what gives nothing stays open");
});

test("the last owner who may sign in stays one: those who are deactivated do not count", async () => {
  const second = await createPerson(app, owner, "second@example.com", { role: "owner" });
  assert.equal((await second.browser.ask(`/api/users/${second.id}/deactivate`, {})).status, 200);
  const refused = await owner.browser.ask(`/api/org/members/${owner.id}`, { role: "member" }, { method: "PUT" });
  assert.equal(refused.status, 409, JSON.stringify(refused.body));
  assert.match(refused.body.detail, /last owner/);
});

test("of two owners who end each other's access at once, one stays", async () => {
  const third = await createPerson(app, owner, "third@example.com", { role: "owner" });
  const both = await Promise.all([
    owner.browser.ask(`/api/org/members/${owner.id}`, { role: "member" }, { method: "PUT" }),
    third.browser.ask(`/api/users/${third.id}/deactivate`, {}),
  ]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409]);
});
