// Ways in which somebody could give themselves, or others, more than they have.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKey } from "@auxot/wire/operations/keys";
import { setOrgMember } from "@auxot/wire/operations/org-members";
import { createRole, giveRole } from "@auxot/wire/operations/roles";
import { createServiceAccount, getServiceAccount } from "@auxot/wire/operations/service-accounts";
import { setShare } from "@auxot/wire/operations/shares";
import { createTeam, setTeamMember } from "@auxot/wire/operations/teams";
import type { Caller } from "../../src/platform/caller.ts";
import { openTestOrganisation, type TestOrganisation } from "../harness/people.ts";

const denied = { code: "forbidden" };

let org: TestOrganisation;
let team: string;
before(async () => {
  org = await openTestOrganisation();
  ({ id: team } = await org.run(createTeam, { name: "Search" }));
  await org.run(setOrgMember, { member: "usr_ada", role: "owner" });
  await org.run(setOrgMember, { member: "usr_dee", role: "admin" });
  await org.run(setTeamMember, { team, member: "usr_bob", role: "admin" });
});
after(() => org[Symbol.asyncDispose]());

async function identify(text: string): Promise<Caller> {
  const identity = await org.keys.identify(text);
  assert.ok(identity?.kind === "caller");
  return identity;
}

test("an administrator makes no key with an owner's rights, whatever it is held to", async () => {
  const caller = await org.as("usr_dee");
  for (const scopes of [["org-members:write"], ["keys:write"], ["metrics:read"], ["admin:write"]]) {
    const asked = { name: "as an owner", owner: "org", admin: true, scopes };
    await assert.rejects(org.run(createKey, asked, { caller }), {
      ...denied,
      message: /This key could own the organisation, which "Dee" may not/,
    });
  }
  const made = await org.run(createKey, { name: "by an owner", admin: true, scopes: ["metrics:read"] });
  assert.equal(made.admin, true);
});

test("a share gives nothing that its giver may not do", async () => {
  const { id } = await org.run(createServiceAccount, { name: "indexer", team });
  const thing = { kind: "service-account", id };
  const bob = await org.as("usr_bob");
  const sharing = await org.run(createKey, { name: "shares", scopes: ["shares:write"] }, { caller: bob });
  const role = await org.run(createRole, { name: "Sharer", actions: ["shares.edit"] });
  await org.run(giveRole, { id: role.id, holder: "usr_cy" });
  for (const caller of [await identify(sharing.key), await org.as("usr_cy")]) {
    for (const level of ["viewer", "editor", "owner"]) {
      await assert.rejects(org.run(setShare, { ...thing, to: "usr_cy", level }, { caller }), {
        ...denied,
        message: /level: would let usr_cy do "service-accounts\.read", which ".*" may not/,
      });
    }
  }
  await assert.rejects(org.run(getServiceAccount, { id }, { caller: await org.as("usr_cy") }), denied);
  const scopes = ["shares:write", "service-accounts:read"];
  const reading = await identify((await org.run(createKey, { name: "reads", scopes }, { caller: bob })).key);
  await assert.rejects(org.run(setShare, { ...thing, to: "usr_cy", level: "editor" }, { caller: reading }), denied);
  await org.run(setShare, { ...thing, to: "usr_cy", level: "viewer" }, { caller: reading });
  await org.run(setShare, { ...thing, to: "usr_cy", level: "owner" }, { caller: bob });
});

test("nobody takes themselves into a team that holds more than they may do", async () => {
  const { id: auditors } = await org.run(createTeam, { name: "Auditors" });
  const role = await org.run(createRole, { name: "Reader", actions: ["request-content.read"] });
  await org.run(giveRole, { id: role.id, holder: auditors });
  const caller = await org.as("usr_dee");
  for (const member of ["usr_dee", "usr_cy"]) {
    await assert.rejects(org.run(setTeamMember, { team: auditors, member }, { caller }), {
      ...denied,
      message: /would let its holder do "request-content\.read" everywhere, which "Dee" may not/,
    });
  }
  await org.run(setTeamMember, { team: auditors, member: "usr_cy", role: "admin" });
  await org.run(setTeamMember, { team: auditors, member: "usr_bob" }, { caller: await org.as("usr_cy") });
});

test("a worker's key works no longer and from no more places than the key it was made with", async () => {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const limits = { scopes: ["keys:write"], ipRanges: ["10.0.0.0/8"], expiresAt };
  const outer = await org.run(createKey, { name: "for a day", ...limits }, { caller: await org.as("usr_dee") });
  const caller = await org.keys.identify(outer.key, "10.1.2.3");
  assert.ok(caller?.kind === "caller");
  const worker = { name: "box", kind: "worker" };
  const made = await org.run(createKey, worker, { caller });
  assert.partialDeepStrictEqual(made, { scopes: null, ipRanges: limits.ipRanges, expiresAt });
  for (const wider of [{ expiresAt: null }, { ipRanges: null }, { ipRanges: ["192.0.2.0/24"] }]) {
    await assert.rejects(org.run(createKey, { ...worker, ...wider }, { caller }), denied);
  }
  const free = await org.run(createKey, worker);
  assert.partialDeepStrictEqual(free, { ipRanges: null, expiresAt: null });
});
