// Teams, who is in them, and roles in the organisation: good ways, every wrong input, every role that may not.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { listOrgMembers, setOrgMember } from "@auxot/wire/operations/org-members";
import {
  createTeam,
  getTeam,
  listTeamMembers,
  listTeams,
  removeTeam,
  removeTeamMember,
  setTeamMember,
  updateTeam,
} from "@auxot/wire/operations/teams";
import { createServiceAccount } from "@auxot/wire/operations/service-accounts";
import { createKey } from "@auxot/wire/operations/keys";
import { openTestOrganisation, type TestOrganisation } from "../harness/people.ts";

let org: TestOrganisation;
before(async () => {
  org = await openTestOrganisation();
});
after(() => org[Symbol.asyncDispose]());

/** A team of Ada (owner), Bob (admin) and Cy (member); Dee is not in it. */
async function makeTeam(name: string) {
  const team = await org.run(createTeam, { name });
  for (const [member, role] of [
    ["usr_ada", "owner"],
    ["usr_bob", "admin"],
    ["usr_cy", "member"],
  ]) {
    await org.run(setTeamMember, { team: team.id, member, role });
  }
  return team;
}

test("a team is made with a slug of its name, read, changed and removed", async () => {
  const made = await org.run(createTeam, { name: " Équipe Search & Co ", description: "finds" });
  assert.partialDeepStrictEqual(made, { name: "Équipe Search & Co", slug: "equipe-search-co", members: 0, version: 1 });
  const changed = await org.run(updateTeam, { id: made.id, name: "Search", slug: "search", version: 1 });
  assert.partialDeepStrictEqual(changed, { name: "Search", slug: "search", description: "finds", version: 2 });
  assert.deepEqual(await org.run(getTeam, { id: made.id }), changed);
  await assert.rejects(org.run(updateTeam, { id: made.id, name: "X", version: 1 }), { code: "conflict" });
  const { items } = await org.run(listTeams, {});
  assert.ok(items.some(({ id }) => id === made.id));
  await org.run(removeTeam, { id: made.id });
  await assert.rejects(org.run(getTeam, { id: made.id }), { code: "not_found", message: /There is no team/ });
});

test("what makes no team is refused with the field", async () => {
  const taken = await org.run(createTeam, { name: "Taken" });
  const other = await org.run(createTeam, { name: "Other" });
  for (const [run, expected] of [
    [() => org.run(createTeam, { name: "" }), { code: "invalid_request", message: /^name: / }],
    [() => org.run(createTeam, { name: "x".repeat(101) }), { code: "invalid_request", message: /^name: / }],
    [
      () => org.run(createTeam, { name: "ok", slug: "Not a slug" }),
      { code: "invalid_request", message: /^slug: must be small/ },
    ],
    [() => org.run(createTeam, { name: "検索" }), { code: "invalid_request", message: /^slug: is needed/ }],
    [() => org.run(createTeam, { name: "x", colour: "red" }), { code: "invalid_request", message: /colour/ }],
    [() => org.run(createTeam, { name: "Taken" }), { code: "conflict", message: /another team has "taken"/ }],
    [() => org.run(updateTeam, { id: other.id, slug: taken.slug }), { code: "conflict", message: /another team has/ }],
    [() => org.run(updateTeam, { id: "tem_none", name: "x" }), { code: "not_found" }],
    [() => org.run(removeTeam, { id: "tem_none" }), { code: "not_found" }],
    [
      () => org.run(setTeamMember, { team: taken.id, member: "usr_none" }),
      { code: "invalid_request", message: /^member: there is no person/ },
    ],
    [
      () => org.run(setTeamMember, { team: taken.id, member: "tem_1" }),
      { code: "invalid_request", message: /^member: must be/ },
    ],
    [
      () => org.run(setTeamMember, { team: taken.id, member: "usr_ada", role: "king" }),
      { code: "invalid_request", message: /^role: / },
    ],
    [() => org.run(setTeamMember, { team: "tem_none", member: "usr_ada" }), { code: "not_found" }],
    [
      () => org.run(removeTeamMember, { team: taken.id, member: "usr_ada" }),
      { code: "not_found", message: /not in the team/ },
    ],
    [() => org.run(listTeamMembers, { team: "tem_none" }), { code: "not_found" }],
  ] as const) {
    await assert.rejects(run, expected);
  }
});

test("each role in a team may what it may, and says what it lacks", async () => {
  const { id: team } = await makeTeam("Roles");
  const [ada, bob, cy, dee] = await Promise.all([
    org.as("usr_ada"),
    org.as("usr_bob"),
    org.as("usr_cy"),
    org.as("usr_dee"),
  ]);
  const denied = { code: "forbidden" };
  for (const caller of [ada, bob, cy]) {
    assert.equal((await org.run(getTeam, { id: team }, { caller })).id, team);
    assert.equal((await org.run(listTeamMembers, { team }, { caller })).items.length, 3);
  }
  assert.equal((await org.run(listTeamMembers, { team, role: "owner" }, { caller: cy })).items[0]?.name, "Ada");
  await assert.rejects(org.run(getTeam, { id: team }, { caller: dee }), denied);
  await assert.rejects(org.run(listTeamMembers, { team }, { caller: dee }), denied);
  assert.equal((await org.run(updateTeam, { id: team, description: "by Bob" }, { caller: bob })).description, "by Bob");
  await assert.rejects(org.run(updateTeam, { id: team, description: "by Cy" }, { caller: cy }), denied);
  await assert.rejects(org.run(createTeam, { name: "Mine" }, { caller: ada }), denied);
  await org.run(setTeamMember, { team, member: "usr_dee", role: "admin" }, { caller: bob });
  await assert.rejects(org.run(setTeamMember, { team, member: "usr_dee", role: "owner" }, { caller: bob }), {
    ...denied,
    message: /"Bob" may not give or take the role owner in the team Roles: it would let its holder do "teams.remove"/,
  });
  await assert.rejects(org.run(removeTeamMember, { team, member: "usr_ada" }, { caller: bob }), denied);
  await assert.rejects(org.run(setTeamMember, { team, member: "usr_dee" }, { caller: cy }), denied);
  await assert.rejects(org.run(setTeamMember, { team, member: "usr_cy", role: "admin" }, { caller: cy }), denied);
  await assert.rejects(org.run(removeTeam, { id: team }, { caller: bob }), denied);
  assert.equal((await org.run(removeTeam, { id: team }, { caller: ada })).id, team);
});

test("everybody may leave a team but its last owner", async () => {
  const { id: team } = await makeTeam("Leaving");
  const [ada, cy] = await Promise.all([org.as("usr_ada"), org.as("usr_cy")]);
  assert.equal((await org.run(removeTeamMember, { team, member: "usr_cy" }, { caller: cy })).name, "Cy");
  const last = { code: "conflict", message: /Ada is the last owner of the team Leaving/ };
  await assert.rejects(org.run(removeTeamMember, { team, member: "usr_ada" }, { caller: ada }), last);
  await assert.rejects(org.run(setTeamMember, { team, member: "usr_ada", role: "member" }, { caller: ada }), last);
  await assert.rejects(org.run(removeTeamMember, { team, member: "usr_ada" }), last);
  await org.run(setTeamMember, { team, member: "usr_bob", role: "owner" }, { caller: ada });
  await org.run(removeTeamMember, { team, member: "usr_ada" }, { caller: ada });
});

test("a team that is removed leaves no secret and no setting behind", async () => {
  const { id } = await org.run(createTeam, { name: "Passing" });
  const { id: service } = await org.run(createServiceAccount, { name: "bot", team: id });
  const row = { description: "", value_sealed: "v2.x.x.x", last4: "", version: 1, updated_by: "x" };
  const at = new Date().toISOString();
  for (const [name, scope, scopeId] of [
    ["ours", "team", id],
    ["the bot's", "user", service],
    ["another's", "user", "usr_ada"],
  ]) {
    const place = { id: `sec_${name}`, name, scope, scope_id: scopeId, created_at: at, updated_at: at };
    await org.database.sql`insert into secret ${org.database.sql({ ...row, ...place })}`;
  }
  await org.database.sql`
    insert into content_setting (scope, level, retention_days, words, version, updated_at)
    values (${id}, 'full', 30, '{}', 1, ${at})`;
  await org.run(removeTeam, { id });
  const left = await org.database.sql`select name from secret`;
  assert.deepEqual(
    left.map(({ name }) => name),
    ["another's"],
  );
  assert.equal((await org.database.sql`select 1 from content_setting`).length, 0);
});

test("of two owners who leave at once one stays", async () => {
  const { id: team } = await makeTeam("Race");
  await org.run(setTeamMember, { team, member: "usr_bob", role: "owner" });
  const [ada, bob] = await Promise.all([org.as("usr_ada"), org.as("usr_bob")]);
  const results = await Promise.allSettled([
    org.run(removeTeamMember, { team, member: "usr_ada" }, { caller: ada }),
    org.run(removeTeamMember, { team, member: "usr_bob" }, { caller: bob }),
  ]);
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
});

test("many who change things at once wait for each other and never for a connection", async () => {
  const { id: team } = await makeTeam("Crowd");
  const changes = Array.from({ length: 40 }, (_, at) =>
    org.run(setTeamMember, { team, member: "usr_dee", role: at % 2 === 0 ? "admin" : "member" }),
  );
  const made = Array.from({ length: 40 }, (_, at) => org.run(createKey, { name: `k${at}`, owner: team }));
  assert.equal((await Promise.all([...changes, ...made])).length, 80);
});

test("whoever makes a team owns it", async () => {
  await org.run(setOrgMember, { member: "usr_dee", role: "admin" });
  const caller = await org.as("usr_dee");
  const { id: team } = await org.run(createTeam, { name: "Dee's own" }, { caller });
  assert.partialDeepStrictEqual((await org.run(listTeamMembers, { team })).items, [
    { memberId: "usr_dee", role: "owner" },
  ]);
  await org.run(setOrgMember, { member: "usr_dee", role: "member" });
});

test("the keys of a team and of its service accounts end with it", async () => {
  const { id: team } = await makeTeam("Ending");
  const service = await org.run(createServiceAccount, { name: "bot", team });
  const ofTeam = await org.run(createKey, { name: "t", owner: team });
  const ofService = await org.run(createKey, { name: "s", owner: service.id });
  assert.equal((await org.keys.identify(ofTeam.key))?.name, "t");
  assert.equal((await org.keys.identify(ofService.key))?.name, "s");
  await org.run(removeTeam, { id: team });
  assert.equal(await org.keys.identify(ofTeam.key), undefined);
  assert.equal(await org.keys.identify(ofService.key), undefined);
});

test("the organisation keeps an owner, and nobody gives a role above their own", async () => {
  await org.run(setOrgMember, { member: "usr_ada", role: "owner" });
  await org.run(setOrgMember, { member: "usr_bob", role: "admin" });
  const [ada, bob, cy] = await Promise.all([org.as("usr_ada"), org.as("usr_bob"), org.as("usr_cy")]);
  const { items } = await org.run(listOrgMembers, { role: "owner" }, { caller: cy });
  assert.partialDeepStrictEqual(items, [{ memberId: "usr_ada", type: "user", name: "Ada", role: "owner" }]);
  for (const [caller, member, role] of [
    [bob, "usr_cy", "owner"],
    [bob, "usr_ada", "admin"],
    [cy, "usr_cy", "admin"],
  ] as const) {
    await assert.rejects(org.run(setOrgMember, { member, role }, { caller }), { code: "forbidden" });
  }
  const last = { code: "conflict", message: /Ada is the last owner of the organisation/ };
  await assert.rejects(org.run(setOrgMember, { member: "usr_ada", role: "member" }, { caller: ada }), last);
  await org.run(setOrgMember, { member: "usr_cy", role: "admin" }, { caller: bob });
  await org.run(setOrgMember, { member: "usr_cy", role: "owner" }, { caller: ada });
  await org.run(setOrgMember, { member: "usr_ada", role: "member" }, { caller: ada });
  await assert.rejects(org.run(setOrgMember, { member: "usr_ada", role: "none" }), {
    message: /^role: people are members/,
  });
  await assert.rejects(org.run(setOrgMember, { member: "usr_none", role: "member" }), {
    message: /^member: there is no/,
  });
  await assert.rejects(org.run(setOrgMember, { member: "usr_ada", role: "king" }), { message: /^role: / });
});

test("a team's own service account has no role in the organisation and is in no other team", async () => {
  const { id: team } = await makeTeam("Home");
  const { id: other } = await makeTeam("Abroad");
  const { id: member } = await org.run(createServiceAccount, { name: "homebody", team });
  await assert.rejects(org.run(setOrgMember, { member, role: "member" }), { message: /belongs to a team/ });
  await assert.rejects(org.run(setTeamMember, { team: other, member }), { message: /belongs to another team/ });
  await assert.rejects(org.run(removeTeamMember, { team, member }), { message: /Disable it instead/ });
  const free = await org.run(createServiceAccount, { name: "free" });
  await org.run(setTeamMember, { team: other, member: free.id, role: "admin" });
  assert.equal((await org.run(setOrgMember, { member: free.id, role: "admin" })).role, "admin");
  assert.equal((await org.run(setOrgMember, { member: free.id, role: "none" })).role, "none");
});
