// Ways in which somebody could give themselves, or others, more than they have.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKey } from "@auxot/wire/operations/keys";
import { setOrgMember } from "@auxot/wire/operations/org-members";
import { createTeam, setTeamMember } from "@auxot/wire/operations/teams";
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
