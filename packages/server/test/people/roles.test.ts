// Service accounts, roles of the organisation's own, and shares: good ways, every wrong input, every role that may not.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKey, getKey, listKeys } from "@auxot/wire/operations/keys";
import { setOrgMember } from "@auxot/wire/operations/org-members";
import {
  createRole,
  getRole,
  giveRole,
  listRoleHolders,
  listRoles,
  removeRole,
  takeRole,
  updateRole,
} from "@auxot/wire/operations/roles";
import {
  createServiceAccount,
  disableServiceAccount,
  enableServiceAccount,
  getServiceAccount,
  listServiceAccounts,
  updateServiceAccount,
} from "@auxot/wire/operations/service-accounts";
import { listShares, removeShare, setShare } from "@auxot/wire/operations/shares";
import { createTeam, setTeamMember } from "@auxot/wire/operations/teams";
import { may } from "../../src/platform/access/may.ts";
import { openTestOrganisation, type TestOrganisation } from "../harness/people.ts";

let org: TestOrganisation;
let team: string;
let other: string;
const denied = { code: "forbidden" };
before(async () => {
  org = await openTestOrganisation();
  ({ id: team } = await org.run(createTeam, { name: "Search" }));
  ({ id: other } = await org.run(createTeam, { name: "Ads" }));
  for (const [member, role] of [
    ["usr_ada", "owner"],
    ["usr_bob", "admin"],
    ["usr_cy", "member"],
  ]) {
    await org.run(setTeamMember, { team, member, role });
  }
});
after(() => org[Symbol.asyncDispose]());

test("a team's admins keep its service accounts; its members see them, others do not", async () => {
  const [bob, cy, dee] = await Promise.all([org.as("usr_bob"), org.as("usr_cy"), org.as("usr_dee")]);
  const made = await org.run(createServiceAccount, { name: "bot", description: "indexes", team }, { caller: bob });
  assert.partialDeepStrictEqual(made, { name: "bot", teamId: team, orgRole: null, disabledAt: null, version: 1 });
  assert.equal((await org.run(getServiceAccount, { id: made.id }, { caller: cy })).name, "bot");
  assert.deepEqual((await org.run(listServiceAccounts, {}, { caller: cy })).items, [made]);
  await assert.rejects(org.run(getServiceAccount, { id: made.id }, { caller: dee }), denied);
  assert.deepEqual((await org.run(listServiceAccounts, {}, { caller: dee })).items, []);
  for (const run of [updateServiceAccount, disableServiceAccount, enableServiceAccount]) {
    await assert.rejects(org.run(run, { id: made.id }, { caller: cy }), denied);
    await assert.rejects(org.run(run, { id: "svc_none" }), { code: "not_found" });
  }
  const changed = await org.run(updateServiceAccount, { id: made.id, name: "indexer", version: 1 }, { caller: bob });
  assert.partialDeepStrictEqual(changed, { name: "indexer", description: "indexes", version: 2 });
  await assert.rejects(org.run(updateServiceAccount, { id: made.id, version: 1 }), { code: "conflict" });
  assert.notEqual((await org.run(disableServiceAccount, { id: made.id }, { caller: bob })).disabledAt, null);
  assert.equal((await org.run(enableServiceAccount, { id: made.id }, { caller: bob })).disabledAt, null);
});

test("what makes no service account is refused with the field", async () => {
  const bob = await org.as("usr_bob");
  await assert.rejects(org.run(createServiceAccount, { name: "" }), { message: /^name: / });
  await assert.rejects(org.run(createServiceAccount, { name: "x", team: "tem_none" }), { code: "not_found" });
  await assert.rejects(org.run(createServiceAccount, { name: "x", team: other }, { caller: bob }), denied);
  await assert.rejects(org.run(createServiceAccount, { name: "x" }, { caller: bob }), denied);
  await assert.rejects(org.run(getServiceAccount, { id: "svc_none" }), { code: "not_found" });
});

test("a role opens its actions to people, service accounts and teams, at once, until it is taken", async () => {
  const role = await org.run(createRole, { name: "Auditor", actions: ["audit.read", "audit.read"] });
  assert.deepEqual(role.actions, ["audit.read"]);
  const service = await org.run(createServiceAccount, { name: "reader" });
  for (const holder of ["usr_dee", service.id, team]) await org.run(giveRole, { id: role.id, holder });
  for (const id of ["usr_dee", service.id, team, "usr_cy"]) {
    assert.equal(may(await org.as(id), "audit.read").because, "of the role Auditor", id);
  }
  const holders = (await org.run(listRoleHolders, { id: role.id })).items;
  assert.deepEqual(holders.map(({ type, name }) => `${type} ${name}`).toSorted(), [
    "service reader",
    "team Search",
    "user Dee",
  ]);
  assert.equal((await org.run(giveRole, { id: role.id, holder: team })).name, "Search");
  await org.run(takeRole, { id: role.id, holder: team });
  assert.equal(may(await org.as("usr_cy"), "audit.read").allowed, false);
  await assert.rejects(org.run(takeRole, { id: role.id, holder: team }), { code: "not_found" });
  await org.run(updateRole, { id: role.id, actions: ["workers.read"], version: 1 });
  assert.equal(may(await org.as("usr_dee"), "audit.read").allowed, false);
  assert.equal(may(await org.as("usr_dee"), "workers.read").allowed, true);
  await assert.rejects(org.run(updateRole, { id: role.id, name: "x", version: 1 }), { code: "conflict" });
  await org.run(removeRole, { id: role.id });
  assert.equal(may(await org.as("usr_dee"), "workers.read").allowed, false);
  await assert.rejects(org.run(getRole, { id: role.id }), { code: "not_found" });
});

test("a team's owner makes roles for what belongs to the team, of nothing they may not do themselves", async () => {
  const [ada, bob, cy] = await Promise.all([org.as("usr_ada"), org.as("usr_bob"), org.as("usr_cy")]);
  const role = await org.run(
    createRole,
    { name: "Key keeper", actions: ["keys.read", "keys.edit"], team },
    { caller: ada },
  );
  await org.run(giveRole, { id: role.id, holder: "usr_cy" }, { caller: ada });
  const keeper = await org.as("usr_cy");
  const key = await org.run(createKey, { name: "kept", owner: team, scopes: ["inference"] }, { caller: keeper });
  assert.equal((await org.run(getKey, { id: key.id }, { caller: keeper })).name, "kept");
  assert.deepEqual(
    (await org.run(listRoles, {}, { caller: cy })).items.map(({ id }) => id),
    [role.id],
  );
  assert.equal((await org.run(getRole, { id: role.id }, { caller: bob })).name, "Key keeper");
  for (const [caller, input] of [
    [ada, { name: "x", actions: ["audit.read"], team }],
    [ada, { name: "x", actions: ["keys.read"] }],
    [ada, { name: "x", actions: ["keys.read"], team: other }],
    [bob, { name: "x", actions: ["keys.read"], team }],
    [cy, { name: "x", actions: ["keys.read"], team }],
  ] as const) {
    await assert.rejects(org.run(createRole, input, { caller }), denied, JSON.stringify(input));
  }
  await assert.rejects(org.run(updateRole, { id: role.id, actions: ["workers.read"] }, { caller: ada }), denied);
  for (const caller of [bob, cy]) {
    await assert.rejects(org.run(giveRole, { id: role.id, holder: "usr_bob" }, { caller }), denied);
    await assert.rejects(org.run(takeRole, { id: role.id, holder: "usr_cy" }, { caller }), denied);
    await assert.rejects(org.run(updateRole, { id: role.id, name: "x" }, { caller }), denied);
    await assert.rejects(org.run(removeRole, { id: role.id }, { caller }), denied);
  }
  const dee = await org.as("usr_dee");
  await assert.rejects(org.run(getRole, { id: role.id }, { caller: dee }), denied);
  await assert.rejects(org.run(listRoleHolders, { id: role.id }, { caller: dee }), denied);
});

test("what makes no role is refused with the field", async () => {
  const role = await org.run(createRole, { name: "Plain", actions: ["audit.read"] });
  const bound = await org.run(createServiceAccount, { name: "bound", team });
  for (const [input, message] of [
    [{ name: "", actions: ["audit.read"] }, /^name: /],
    [{ name: "x", actions: [] }, /^actions: /],
    [{ name: "x", actions: ["audit.burn"] }, /^actions\.0: /],
    [{ name: "x" }, /^actions: is missing/],
  ] as const) {
    await assert.rejects(org.run(createRole, input), { code: "invalid_request", message }, JSON.stringify(input));
  }
  await assert.rejects(org.run(createRole, { name: "x", actions: ["audit.read"], team: "tem_none" }), {
    code: "not_found",
  });
  await assert.rejects(org.run(giveRole, { id: role.id, holder: "usr_none" }), {
    message: /^holder: there is no person/,
  });
  await assert.rejects(org.run(giveRole, { id: role.id, holder: "role" }), { message: /^holder: must be the id/ });
  await assert.rejects(org.run(giveRole, { id: role.id, holder: bound.id }), { message: /belongs to a team/ });
  await assert.rejects(org.run(listRoleHolders, { id: "rol_none" }), { code: "not_found" });
  for (const run of [getRole, updateRole, removeRole]) {
    await assert.rejects(org.run(run, { id: "rol_none" }), { code: "not_found" });
  }
});

test("an organisation's admin gives no role that the owner alone may", async () => {
  await org.run(setOrgMember, { member: "usr_dee", role: "admin" });
  const scoped = { ...(await org.as("usr_dee")), scopes: ["roles:write"] };
  await assert.rejects(org.run(createRole, { name: "x", actions: ["keys.edit"] }, { caller: scoped }), {
    ...denied,
    message: /would let its holder do "keys.edit", which "Dee" may not/,
  });
  await org.run(setOrgMember, { member: "usr_dee", role: "member" });
});

test("a thing is shared with somebody, a team or all, and by its level they see and change it", async () => {
  const [ada, bob, cy, dee] = await Promise.all([
    org.as("usr_ada"),
    org.as("usr_bob"),
    org.as("usr_cy"),
    org.as("usr_dee"),
  ]);
  const { id } = await org.run(createServiceAccount, { name: "shared", team });
  const share = { kind: "service-account", id };
  const set = await org.run(setShare, { ...share, to: "usr_dee" }, { caller: bob });
  assert.partialDeepStrictEqual(set, {
    kind: "service-account",
    resourceId: id,
    to: "usr_dee",
    name: "Dee",
    level: "viewer",
  });
  assert.equal((await org.run(getServiceAccount, { id }, { caller: dee })).name, "shared");
  assert.deepEqual(
    (await org.run(listServiceAccounts, {}, { caller: dee })).items.map((one) => one.id),
    [id],
  );
  await assert.rejects(org.run(updateServiceAccount, { id, name: "x" }, { caller: dee }), denied);
  await org.run(setShare, { ...share, to: "usr_dee", level: "editor" }, { caller: ada });
  assert.equal((await org.run(updateServiceAccount, { id, name: "by Dee" }, { caller: dee })).name, "by Dee");
  await assert.rejects(org.run(setShare, { ...share, to: "org" }, { caller: dee }), denied);
  await assert.rejects(org.run(setShare, { ...share, to: "org" }, { caller: cy }), denied);
  await assert.rejects(org.run(listShares, share, { caller: cy }), denied);
  await org.run(setShare, { ...share, to: "org" });
  const listed = (await org.run(listShares, share, { caller: bob })).items;
  assert.deepEqual(listed.map(({ name, level }) => `${name} ${level}`).toSorted(), [
    "Dee editor",
    "the organisation viewer",
  ]);
  await org.run(removeShare, { ...share, to: "usr_dee" }, { caller: bob });
  await org.run(removeShare, { ...share, to: "org" }, { caller: bob });
  await assert.rejects(org.run(getServiceAccount, { id }, { caller: dee }), denied);
  await assert.rejects(org.run(removeShare, { ...share, to: "org" }, { caller: bob }), { code: "not_found" });
});

test("a key that is shared is seen and revoked by others, but its text stays its owner's", async () => {
  const [cy, dee] = await Promise.all([org.as("usr_cy"), org.as("usr_dee")]);
  const key = await org.run(createKey, { name: "cy's" }, { caller: cy });
  await org.run(setShare, { kind: "key", id: key.id, to: "usr_dee", level: "owner" }, { caller: cy });
  assert.deepEqual(
    (await org.run(listKeys, {}, { caller: dee })).items.map(({ id }) => id),
    [key.id],
  );
  await assert.rejects(org.run(setShare, { kind: "team", id: team, to: "org" }), {
    message: /^kind: "team" cannot be shared/,
  });
  await assert.rejects(org.run(setShare, { kind: "key", id: "key_none", to: "org" }), { code: "not_found" });
  await assert.rejects(org.run(setShare, { kind: "key", id: key.id, to: "usr_none" }), {
    message: /^to: there is no person/,
  });
  await assert.rejects(org.run(setShare, { kind: "key", id: key.id, to: "all" }), { message: /^to: must be org/ });
});
