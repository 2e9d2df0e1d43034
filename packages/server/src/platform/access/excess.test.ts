import assert from "node:assert/strict";
import { test } from "node:test";
import { actionNames, orgRoles, scopes as allScopes, teamRoles, type Action } from "@auxot/wire/access";
import fc from "fast-check";
import type { Caller } from "../caller.ts";
import { findExcess, findPatternExcess, findScopeExcess, matchesPattern, type Given } from "./excess.ts";
import { may, type Resource } from "./may.ts";

const teams = ["tem_1", "tem_2"];
const action = fc.constantFrom<Action>(...actionNames);
const scopes = fc.option(fc.uniqueArray(fc.constantFrom(...allScopes), { minLength: 1, maxLength: 3 }), { freq: 1 });
const rights = {
  orgRole: fc.constantFrom(null, ...orgRoles),
  teams: fc.uniqueArray(
    fc.record({ id: fc.constantFrom(...teams), name: fc.constant("T"), role: fc.constantFrom(...teamRoles) }),
    { selector: ({ id }) => id },
  ),
  roles: fc.array(
    fc.record({ name: fc.constant("R"), actions: fc.uniqueArray(action), teamId: fc.constantFrom(null, ...teams) }),
    { maxLength: 2 },
  ),
  scopes,
};
const caller: fc.Arbitrary<Caller> = fc.record({
  kind: fc.constant("caller"),
  keyId: fc.constant("key_1"),
  name: fc.constant("giver"),
  principal: fc.constant({ type: "user", id: "usr_giver" } as const),
  models: fc.constant(null),
  ...rights,
});
const given: fc.Arbitrary<Given> = fc.record(rights);
const resource: fc.Arbitrary<Resource | undefined> = fc.option(
  fc.record({
    kind: fc.constant("thing"),
    id: fc.constant("thing_1"),
    ownerId: fc.constant(null),
    teamId: fc.constantFrom(null, ...teams),
  }),
  { nil: undefined },
);

test("what is given without excess opens nothing that the giver may not do", () => {
  fc.assert(
    fc.property(caller, given, action, resource, (giver, gift, wanted, thing) => {
      if (findExcess(giver, gift) !== undefined) return;
      const holder: Caller = { ...giver, principal: { type: "user", id: "usr_holder" }, scopes: null, ...gift };
      if (may(holder, wanted, thing).allowed) assert.ok(may(giver, wanted, thing).allowed);
    }),
    { numRuns: 3000 },
  );
});

test("an owner gives everything, and everybody what they have", () => {
  fc.assert(
    fc.property(caller, given, (giver, gift) => {
      assert.equal(findExcess({ ...giver, orgRole: "owner", scopes: null }, gift), undefined);
      assert.equal(findExcess(giver, giver), undefined);
    }),
  );
});

test("scopes within others open nothing more", () => {
  fc.assert(
    fc.property(caller, scopes, action, (somebody, asked, wanted) => {
      if (findScopeExcess(somebody.scopes, asked) !== undefined) return;
      const owner: Caller = { ...somebody, orgRole: "owner" };
      if (may({ ...owner, scopes: asked }, wanted).allowed) assert.ok(may(owner, wanted).allowed);
      if (asked === null || asked.includes("inference")) {
        assert.ok(somebody.scopes === null || somebody.scopes.includes("inference"));
      }
    }),
    { numRuns: 2000 },
  );
});

test("patterns within others match no more names", () => {
  const name = fc.stringMatching(/^[ab]{1,4}$/);
  const pattern = fc
    .tuple(fc.stringMatching(/^[ab]{0,3}$/), fc.boolean())
    .map(([text, open]) => text + (open ? "*" : ""));
  const patterns = fc.option(fc.array(pattern, { minLength: 1, maxLength: 3 }));
  fc.assert(
    fc.property(patterns, patterns, name, (held, asked, one) => {
      const matches = (list: readonly string[] | null): boolean =>
        list === null || list.some((entry) => matchesPattern(entry, one));
      if (findPatternExcess(held, asked) === undefined && matches(asked)) assert.ok(matches(held));
    }),
    { numRuns: 2000 },
  );
});
