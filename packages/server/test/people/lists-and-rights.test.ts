// For random organisations and callers: no list shows what `may` denies or hides what it allows, and no key that can be
// made is wider than whoever makes it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { actionNames, orgRoles, resourceLevels, scopes, teamRoles, type Action } from "@auxot/wire/access";
import { AppError } from "@auxot/wire/errors";
import { createKey, listKeys } from "@auxot/wire/operations/keys";
import { listRoles } from "@auxot/wire/operations/roles";
import { listServiceAccounts } from "@auxot/wire/operations/service-accounts";
import { listTeams } from "@auxot/wire/operations/teams";
import fc from "fast-check";
import { listGrants } from "../../src/operations/store.ts";
import type { FindResource } from "../../src/operations/resources.ts";
import { may, mayAnywhere, type Resource } from "../../src/platform/access/may.ts";
import { createOrgCaller, type Caller } from "../../src/platform/caller.ts";
import { findKeyResource } from "../../src/records/keys/operations.ts";
import { findRoleResource } from "../../src/records/people/roles/operations.ts";
import { findServiceResource } from "../../src/records/people/services/operations.ts";
import { findTeamResource } from "../../src/records/people/teams/operations.ts";
import { openTestOrganisation, type TestOrganisation } from "../harness/people.ts";

let org: TestOrganisation;
before(async () => {
  org = await openTestOrganisation();
  await makeThings();
});
after(() => org[Symbol.asyncDispose]());

const people = ["usr_ada", "usr_bob", "usr_cy"];
const teams = ["tem_1", "tem_2"];
const services = ["svc_1", "svc_2", "svc_3"];
const serviceTeams = [null, "tem_1", "tem_2"];
const everybody = [...people, ...services];
/** Owner and team of each key there is. */
const keyOwners = [
  [null, null],
  ["usr_ada", null],
  ["usr_bob", null],
  [null, "tem_1"],
  [null, "tem_2"],
  ["svc_1", null],
  ["svc_2", "tem_1"],
] as const;
const action = fc.constantFrom<Action>(...actionNames);
/** What is given to whom; teams, service accounts and keys themselves are always the same. */
const organisation = fc.record({
  orgRoles: fc.dictionary(fc.constantFrom(...people, "svc_1"), fc.constantFrom(...orgRoles), { maxKeys: 3 }),
  memberships: fc.uniqueArray(
    fc.record({
      team: fc.constantFrom(...teams),
      member: fc.constantFrom(...everybody),
      role: fc.constantFrom(...teamRoles),
    }),
    { selector: ({ team, member }) => `${team} ${member}`, maxLength: 6 },
  ),
  roles: fc.array(
    fc.record({
      actions: fc.uniqueArray(action, { minLength: 1, maxLength: 6 }),
      team: fc.constantFrom(null, ...teams),
      holders: fc.uniqueArray(fc.constantFrom(...everybody, ...teams), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
  shares: fc.uniqueArray(
    fc.record({
      thing: fc.constantFrom(...services, ...keyOwners.map((_, at) => `key_${at}`)),
      to: fc.constantFrom("org", ...everybody, ...teams),
      level: fc.constantFrom(...resourceLevels),
    }),
    { selector: ({ thing, to }) => `${thing} ${to}`, maxLength: 4 },
  ),
});
type Organisation = typeof organisation extends fc.Arbitrary<infer Made> ? Made : never;

async function makeThings(): Promise<void> {
  const { sql } = org.database;
  const at = new Date(0).toISOString();
  await sql`insert into team ${sql(teams.map((id) => ({ id, name: id, slug: id, created_at: at })))}`;
  const accounts = services.map((id, place) => ({
    id,
    name: id,
    team_id: serviceTeams[place] ?? null,
    created_at: at,
  }));
  await sql`insert into service_account ${sql(accounts)}`;
  const keys = keyOwners.map(([owner, team], place) => ({
    id: `key_${place}`,
    name: `key_${place}`,
    kind: "caller",
    owner_id: owner,
    team_id: team,
    hmac: Buffer.from([place]),
    pepper_id: "p",
    masked: "m",
    origin: "created",
  }));
  await sql`insert into key ${sql(keys)}`;
}

async function fill(made: Organisation): Promise<void> {
  const { sql } = org.database;
  const at = new Date(0).toISOString();
  await sql`delete from key where name = 'made'`;
  await sql`delete from custom_role`;
  const rows = {
    org_member: Object.entries(made.orgRoles).map(([member_id, role]) => ({ member_id, role, created_at: at })),
    team_member: made.memberships.map(({ team, member, role }) => ({
      team_id: team,
      member_id: member,
      role,
      created_at: at,
    })),
    custom_role: made.roles.map(({ actions, team }, place) => ({
      id: `rol_${place}`,
      name: `r${place}`,
      actions,
      team_id: team,
      created_at: at,
    })),
    custom_role_holder: made.roles.flatMap(({ holders }, place) =>
      holders.map((holder_id) => ({ role_id: `rol_${place}`, holder_id, created_at: at })),
    ),
    resource_grant: made.shares.map(({ thing, to, level }) => ({
      kind: thing.startsWith("key_") ? "key" : "service-account",
      resource_id: thing,
      grantee: to,
      level,
      created_at: at,
    })),
  };
  for (const [table, list] of Object.entries(rows)) {
    await sql`delete from ${sql(table)}`;
    if (list.length > 0) await sql`insert into ${sql(table)} ${sql(list as Record<string, string>[])}`;
  }
}

const lists = [
  { operation: listTeams, read: "teams.read", table: "team", find: findTeamResource },
  {
    operation: listServiceAccounts,
    read: "service-accounts.read",
    table: "service_account",
    find: findServiceResource,
  },
  { operation: listRoles, read: "roles.read", table: "custom_role", find: findRoleResource },
  {
    operation: listKeys,
    read: "keys.read",
    table: "key",
    find: ((tx, id) => findKeyResource(org.keys, tx, id)) satisfies FindResource,
  },
] as const;

test("every list holds exactly what the caller may read", async () => {
  await fc.assert(
    fc.asyncProperty(organisation, fc.constantFrom(...everybody, ...teams, "org"), async (made, who) => {
      await fill(made);
      const caller: Caller = who === "org" ? createOrgCaller("key_x", "app", false) : await org.as(who);
      for (const { operation, read, table, find } of lists) {
        const ids = (
          await org.database.sql<{ id: string }[]>`select id from ${org.database.sql(table)} order by id`
        ).map(({ id }) => id);
        const allowed: string[] = [];
        for (const id of ids) if (may(caller, read, await find(org.database.db, id)).allowed) allowed.push(id);
        const listed = await listIds(operation, caller);
        assert.deepEqual(listed ?? [], allowed, `${operation.name} of ${who}`);
        assert.equal(listed === undefined, !mayAnywhere(caller, read).allowed);
      }
    }),
    { numRuns: 50 },
  );
});

/** Undefined: refused. */
async function listIds(operation: (typeof lists)[number]["operation"], caller: Caller): Promise<string[] | undefined> {
  try {
    const { items } = await org.run(operation as typeof listTeams, { limit: 200 }, { caller });
    return items.map(({ id }) => id).toSorted();
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === "forbidden");
    return undefined;
  }
}

test("a key that can be made opens nothing its maker may not do, nor its owner", async () => {
  const limits = fc.record({
    owner: fc.oneof(fc.constantFrom(undefined, "org"), fc.constantFrom(...services, ...teams)),
    admin: fc.constantFrom(false, false, true),
    scopes: fc.constantFrom(undefined, null, ["inference"], ["keys:write"], ["admin:read", "teams:write"]),
  });
  const some = fc.uniqueArray(fc.constantFrom(...scopes), { maxLength: 4 }).map((list) => [...list, "keys:write"]);
  const held = fc.oneof(fc.constant(null), some);
  let made = 0;
  await fc.assert(
    fc.asyncProperty(
      organisation,
      fc.constantFrom(...everybody, ...teams),
      limits,
      held,
      async (given, who, input, heldTo) => {
        await fill(given);
        const maker: Caller = { ...(await org.as(who)), scopes: heldTo };
        const { owner, ...rest } = input;
        const sent = { name: "made", ...rest, ...(owner === undefined ? {} : { owner }) };
        const key = await org.run(createKey, sent, { caller: maker }).catch((error: unknown) => {
          assert.ok(error instanceof AppError && ["forbidden", "invalid_request"].includes(error.code), String(error));
          return undefined;
        });
        if (key === undefined) return;
        made++;
        const caller = (await org.keys.findCaller(org.database.db, key.id))?.caller;
        assert.ok(caller !== undefined);
        const holder = key.owner.id === null ? undefined : await org.as(key.owner.id);
        for (const wanted of actionNames) {
          for (const thing of things()) {
            if (!may(caller, wanted, thing).allowed) continue;
            assert.ok(may(maker, wanted, thing).allowed, `${wanted} on ${JSON.stringify(thing)} by ${who}`);
            if (holder !== undefined) assert.ok(may(holder, wanted, thing).allowed, "wider than its owner");
          }
        }
        if (caller.scopes === null || caller.scopes.includes("inference")) {
          assert.ok(maker.scopes === null || maker.scopes.includes("inference"));
        }
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(made > 10, `${made} keys were made`);
  assert.deepEqual(await listGrants(org.database.db, "key", "key_none"), []);
});

/** The organisation's and each team's. */
function things(): (Resource | undefined)[] {
  return [undefined, ...[null, ...teams].map((teamId) => ({ kind: "thing", id: "thing_1", ownerId: null, teamId }))];
}
