// Why may this person do this, and what may they do at all.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { explainAccess } from "@auxot/wire/operations/access";
import { createKey, revokeKey } from "@auxot/wire/operations/keys";
import { setOrgMember } from "@auxot/wire/operations/org-members";
import { createRole, giveRole } from "@auxot/wire/operations/roles";
import { createServiceAccount, disableServiceAccount } from "@auxot/wire/operations/service-accounts";
import { createTeam, setTeamMember } from "@auxot/wire/operations/teams";
import { openTestOrganisation, type TestOrganisation } from "../harness/people.ts";

let org: TestOrganisation;
let team: string;
before(async () => {
  org = await openTestOrganisation();
  ({ id: team } = await org.run(createTeam, { name: "Search" }));
  await org.run(setTeamMember, { team, member: "usr_bob", role: "admin" });
  await org.run(setTeamMember, { team, member: "usr_cy" });
});
after(() => org[Symbol.asyncDispose]());

test("the verdict on one action tells the reason, on a thing and without one", async () => {
  const key = await org.run(createKey, { name: "ci", owner: team });
  const ask = async (subject: string, action: string, thing: object = {}) =>
    (await org.run(explainAccess, { subject, action, ...thing })).verdict;
  const thing = { kind: "key", id: key.id };
  assert.deepEqual(await ask("usr_bob", "keys.edit", thing), {
    action: "keys.edit",
    allowed: true,
    because: "of the role admin in the team Search",
  });
  assert.partialDeepStrictEqual(await ask("usr_cy", "keys.edit", thing), { allowed: false });
  assert.match(
    (await ask("usr_cy", "keys.edit", thing))?.because ?? "",
    /it needs .* the role admin or above in the team/,
  );
  assert.deepEqual(await ask("usr_bob", "keys.edit"), {
    action: "keys.edit",
    allowed: true,
    because: "of a role in a team, but not everywhere",
  });
  assert.partialDeepStrictEqual(await ask("usr_cy", "audit.read"), { allowed: false });
});

test("everything somebody may do is listed with its sources", async () => {
  const role = await org.run(createRole, { name: "Auditor", actions: ["audit.read"] });
  await org.run(giveRole, { id: role.id, holder: "usr_bob" });
  const { subject, rights, verdict } = await org.run(explainAccess, { subject: "usr_bob" });
  assert.deepEqual(subject, { id: "usr_bob", type: "user", name: "Bob", active: true });
  assert.equal(verdict, null);
  const sources = Object.fromEntries(rights.map((right) => [right.action, right.sources]));
  assert.deepEqual(sources["audit.read"], [{ reach: "everything", teamId: null, because: "of the role Auditor" }]);
  assert.deepEqual(sources["keys.edit"], [
    { reach: "team", teamId: team, because: "of the role admin in the team Search" },
    { reach: "own", teamId: null, because: "whatever is one's own is open" },
    { reach: "shared", teamId: null, because: "things shared as owner are open" },
  ]);
  assert.equal(sources["teams.create"], undefined);
});

test("a key opens what its owner may, within its scopes, and nothing when that one is disabled", async () => {
  const { id: service } = await org.run(createServiceAccount, { name: "bot", team });
  await org.run(setTeamMember, { team, member: service, role: "admin" });
  const key = await org.run(createKey, { name: "k", owner: service, scopes: ["keys:read"] });
  const { subject, rights } = await org.run(explainAccess, { subject: key.id });
  assert.deepEqual(subject, { id: key.id, type: "key", name: "k", active: true });
  assert.deepEqual(
    rights.map(({ action }) => action),
    ["keys.read"],
  );
  const before = await org.run(explainAccess, { subject: service });
  assert.ok(before.rights.some(({ action }) => action === "teams.edit"));
  await org.run(disableServiceAccount, { id: service });
  for (const id of [key.id, service]) {
    const disabled = await org.run(explainAccess, { subject: id, action: "keys.read" });
    assert.deepEqual([disabled.rights, disabled.subject.active, disabled.verdict?.allowed], [[], false, false]);
  }
  const ofTeam = await org.run(explainAccess, { subject: team });
  assert.deepEqual(ofTeam.subject.type, "team");
  assert.ok(ofTeam.rights.some(({ action }) => action === "teams.read"));
});

test("everybody may ask of themselves, a team's admins of the team's accounts, admins of all", async () => {
  const [bob, cy, dee] = await Promise.all([org.as("usr_bob"), org.as("usr_cy"), org.as("usr_dee")]);
  const { id: service } = await org.run(createServiceAccount, { name: "bot", team });
  assert.equal((await org.run(explainAccess, { subject: "usr_cy" }, { caller: cy })).subject.name, "Cy");
  assert.equal((await org.run(explainAccess, { subject: service }, { caller: bob })).subject.name, "bot");
  for (const [caller, subject] of [
    [cy, "usr_bob"],
    [cy, service],
    [bob, "usr_cy"],
    [dee, team],
    [dee, "usr_none"],
  ] as const) {
    await assert.rejects(org.run(explainAccess, { subject }, { caller }), { code: "forbidden" }, subject);
  }
  await org.run(setOrgMember, { member: "usr_dee", role: "admin" });
  assert.equal(
    (await org.run(explainAccess, { subject: "usr_bob" }, { caller: await org.as("usr_dee") })).subject.name,
    "Bob",
  );
});

test("a question that makes no sense is refused with the field", async () => {
  for (const [input, expected] of [
    [{ subject: "bob" }, { message: /^subject: must be the id/ }],
    [{ subject: "usr_none" }, { code: "not_found" }],
    [{ subject: "key_none" }, { code: "not_found" }],
    [{ subject: "usr_bob", action: "keys.eat" }, { message: /^action: / }],
    [{ subject: "usr_bob", action: "keys.read", kind: "key" }, { message: /^kind and id/ }],
    [{ subject: "usr_bob", action: "keys.read", kind: "cup", id: "1" }, { message: /^kind: "cup" is none/ }],
    [{ subject: "usr_bob", action: "keys.read", kind: "key", id: "key_none" }, { code: "not_found" }],
  ] as const) {
    await assert.rejects(org.run(explainAccess, input), expected, JSON.stringify(input));
  }
});

test("who asks about a thing that is not theirs is not told whether it is there", async () => {
  const { id: other } = await org.run(createTeam, { name: "Ads" });
  const { id } = await org.run(createKey, { name: "theirs", owner: other });
  const caller = await org.as("usr_cy");
  const ask = (thingId: string, options: object) =>
    org.run(explainAccess, { subject: "usr_cy", action: "keys.read", kind: "key", id: thingId }, options);
  const [real, none] = [await ask(id, { caller }), await ask("key_none", { caller })];
  assert.deepEqual(real.verdict, none.verdict);
  await assert.rejects(ask("key_none", {}), { code: "not_found" });
});

test("a key that was revoked or has expired may nothing", async () => {
  const revoked = await org.run(createKey, { name: "revoked", owner: team });
  await org.run(revokeKey, { id: revoked.id });
  const expired = await org.run(createKey, { name: "expired", owner: team });
  await org.database.sql`update key set expires_at = '2026-01-02T00:00:00Z' where id = ${expired.id}`;
  for (const { id, name } of [revoked, expired]) {
    const { subject, rights, verdict } = await org.run(explainAccess, { subject: id, action: "teams.read" });
    assert.equal(subject.active, false, name);
    assert.deepEqual(rights, []);
    assert.equal(verdict?.because, `${name} is disabled, expired or gone`);
  }
});
