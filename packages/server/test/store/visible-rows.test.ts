// What `may` denies, no list returns, and what it allows, every list does: for random callers and random shares.

import assert from "node:assert/strict";
import { test } from "node:test";
import { orgRoles, resourceLevels, teamRoles, type Action } from "@auxot/wire/access";
import fc from "fast-check";
import { visibleRows } from "../../src/operations/store.ts";
import { may, type Grant, type Resource } from "../../src/platform/access/may.ts";
import type { Caller } from "../../src/platform/caller.ts";
import { moment } from "../../src/store/columns.ts";
import { pgTable, text } from "../../src/store/drizzle.ts";
import { resourceGrant } from "../../src/store/tables/operations.ts";
import { openTestDatabase } from "../harness/database.ts";

const thing = pgTable("thing", {
  id: text("id").primaryKey(),
  ownerId: text("owner_id"),
  teamId: text("team_id"),
  createdAt: moment("created_at"),
});

const people = ["usr_a", "usr_b", "svc_c"];
const teams = ["tem_1", "tem_2"];
const grants = fc.uniqueArray(
  fc.record({
    to: fc.constantFrom("org", ...people, ...teams),
    level: fc.constantFrom(...resourceLevels),
  }),
  { selector: ({ to }) => to, maxLength: 3 },
);
const things = fc.array(
  fc.record({
    ownerId: fc.constantFrom(null, ...people),
    teamId: fc.constantFrom(null, ...teams),
    grants,
  }),
  { minLength: 1, maxLength: 8 },
);
const action = fc.constantFrom<Action>("keys.read", "keys.edit", "audit.read");
const caller: fc.Arbitrary<Caller> = fc.record({
  kind: fc.constant("caller"),
  keyId: fc.constant("key_1"),
  name: fc.constant("somebody"),
  principal: fc.oneof(
    fc.constant({ type: "system", id: "" } as const),
    fc.record({ type: fc.constant("user" as const), id: fc.constantFrom(...people) }),
  ),
  orgRole: fc.constantFrom(null, ...orgRoles),
  teams: fc.uniqueArray(
    fc.record({ id: fc.constantFrom(...teams), name: fc.constant("T"), role: fc.constantFrom(...teamRoles) }),
    { selector: ({ id }) => id },
  ),
  roles: fc.array(
    fc.record({
      name: fc.constant("R"),
      actions: fc.uniqueArray(action),
      teamId: fc.constantFrom(null, ...teams),
    }),
    { maxLength: 2 },
  ),
  scopes: fc.constant(null),
  models: fc.constant(null),
});

test("a list holds exactly the rows on which the caller may do the action", async () => {
  await using database = await openTestDatabase();
  const { db, sql } = database;
  await sql`create table thing (id text primary key, owner_id text, team_id text, created_at timestamptz)`;
  await fc.assert(
    fc.asyncProperty(things, caller, action, async (made, somebody, wanted) => {
      const rows: Resource[] = made.map((one, at) => ({ kind: "thing", id: `thing_${at}`, ...one }));
      await sql`truncate thing, resource_grant`;
      await db.insert(thing).values(rows.map(({ id, ownerId, teamId }) => ({ id, ownerId, teamId })));
      const shares = rows.flatMap(({ id, grants: given = [] }) => given.map((grant) => describeShare(id, grant)));
      if (shares.length > 0) await db.insert(resourceGrant).values(shares);
      const listed = await db
        .select({ id: thing.id })
        .from(thing)
        .where(
          visibleRows(somebody, wanted, { kind: "thing", id: thing.id, ownerId: thing.ownerId, teamId: thing.teamId }),
        );
      assert.deepEqual(
        listed.map(({ id }) => id).toSorted(),
        rows.filter((row) => may(somebody, wanted, row).allowed).map(({ id }) => id),
      );
    }),
    { numRuns: 300 },
  );
});

function describeShare(resourceId: string, { to, level }: Grant) {
  return { kind: "thing", resourceId, grantee: to, level, createdAt: new Date(0) };
}
