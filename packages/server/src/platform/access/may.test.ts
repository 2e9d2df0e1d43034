import assert from "node:assert/strict";
import { test } from "node:test";
import { createOrgCaller, type Caller } from "../caller.ts";
import { may, mayAnywhere, requireAccess, type Resource } from "./may.ts";

const nobody: Caller = {
  ...createOrgCaller("key_1", "Ada", false),
  principal: { type: "user", id: "usr_ada" },
};
const key: Resource = { kind: "key", id: "key_9", ownerId: "usr_ada", teamId: null };

test("an admin of the organisation may do what the table opens to admins, a member may not", () => {
  assert.deepEqual(may({ ...nobody, orgRole: "admin" }, "audit.read"), {
    allowed: true,
    because: "of the role admin in the organisation",
  });
  assert.deepEqual(may({ ...nobody, orgRole: "member" }, "audit.read"), {
    allowed: false,
    because: "it needs the role admin or above in the organisation",
  });
});

test("one's own things are open, those of others only by team, share or role, each with its reason", () => {
  assert.equal(may(nobody, "keys.edit", key).because, "the key is one's own");
  const other = { ...key, ownerId: "usr_bob" };
  assert.equal(may(nobody, "keys.edit", other).allowed, false);
  assert.equal(may(nobody, "keys.edit", { ...key, ownerId: null }).allowed, false);
  const inTeam = { ...nobody, teams: [{ id: "tem_1", name: "Search", role: "admin" }] } as const;
  assert.deepEqual(may(inTeam, "keys.edit", { ...other, teamId: "tem_1" }), {
    allowed: true,
    because: "of the role admin in the team Search",
  });
  assert.equal(may(inTeam, "keys.edit", { ...other, teamId: "tem_2" }).allowed, false);
  const member = { ...nobody, teams: [{ id: "tem_1", name: "Search", role: "member" }] } as const;
  assert.equal(may(member, "keys.edit", { ...other, teamId: "tem_1" }).allowed, false);
  const shared = { ...other, grants: [{ to: "tem_1", level: "owner" }] } as const;
  assert.equal(may(member, "keys.edit", shared).because, "the key is shared with tem_1 as owner");
  assert.equal(may(member, "keys.edit", { ...other, grants: [{ to: "tem_1", level: "editor" }] }).allowed, false);
});

test("a custom role opens its actions, in its team or everywhere", () => {
  const auditor = { ...nobody, roles: [{ name: "Auditor", actions: ["audit.read"], teamId: null }] } as const;
  assert.equal(may(auditor, "audit.read").because, "of the role Auditor");
  assert.equal(may(auditor, "keys.read").allowed, false);
  const keeper = { ...nobody, roles: [{ name: "Keeper", actions: ["keys.read"], teamId: "tem_1" }] } as const;
  assert.equal(may(keeper, "keys.read", { ...key, ownerId: null, teamId: "tem_1" }).because, "of the role Keeper");
  assert.equal(may(keeper, "keys.read").allowed, false);
});

test("a key's scopes narrow what its owner may, and never widen it", () => {
  const owner: Caller = { ...nobody, orgRole: "owner" };
  assert.equal(may({ ...owner, scopes: ["keys:read"] }, "keys.read").allowed, true);
  assert.deepEqual(may({ ...owner, scopes: ["keys:read"] }, "keys.edit"), {
    allowed: false,
    because: "this key is held to keys:read; it needs keys:write",
  });
  assert.equal(may({ ...owner, scopes: ["keys:write"] }, "keys.read").allowed, true);
  assert.equal(may({ ...owner, scopes: ["admin:write"] }, "audit.read").allowed, true);
  assert.equal(may({ ...owner, scopes: ["inference"] }, "audit.read").allowed, false);
  assert.equal(may({ ...nobody, scopes: ["admin:write"] }, "audit.read").allowed, false);
});

test("a list is open to whoever may see anything in it", () => {
  assert.equal(mayAnywhere(nobody, "keys.read").allowed, true);
  assert.equal(mayAnywhere(nobody, "audit.read").allowed, false);
  assert.equal(mayAnywhere(createOrgCaller("key_1", "app", false), "keys.read").allowed, false);
});

test("a refusal says who may not do what, and what would open it", () => {
  assert.throws(() => requireAccess(nobody, "keys.edit"), {
    code: "forbidden",
    message:
      '"Ada" may not do "keys.edit": it needs the role admin or above in the organisation, ' +
      "or the role admin or above in the team it belongs to, or being its owner.",
  });
});
