// Names in the place of ids.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { startScriptedRouter, type Reply } from "./scripted-router.ts";

const createdAt = "2026-01-01T00:00:00.000Z";
const team = { id: "tem_1", name: "Search", slug: "search", description: "", members: 1, version: 1, createdAt };
const account = {
  name: "indexer",
  description: "",
  teamId: null,
  orgRole: null,
  version: 1,
  createdAt,
  disabledAt: null,
};
const page = (items: readonly object[]): Reply => ({ body: { items, nextCursor: null } });
const lists = {
  "GET /api/teams": page([team, { ...team, id: "tem_2", name: "Other", slug: "other" }]),
  "GET /api/service-accounts": page([
    { id: "svc_1", ...account },
    { id: "svc_2", ...account, name: "twin" },
    { id: "svc_3", ...account, name: "twin" },
  ]),
  "GET /api/users": page([
    {
      id: "usr_1",
      name: "Ada",
      email: "bob_ada@example.com",
      role: "member",
      origin: "invitation",
      managed: false,
      twoFactor: false,
      version: 1,
      createdAt,
      lastSignInAt: null,
      deactivatedAt: null,
    },
  ]),
};

async function run(t: TestContext, args: readonly string[], script: Readonly<Record<string, Reply>> = {}) {
  const router = await startScriptedRouter(t, { ...lists, ...script });
  const printed = await router.run(args);
  return { ...printed, calls: router.received.map(({ call }) => call), last: router.received.at(-1) };
}

test("a team is said by its name, its short name or its id", async (t) => {
  for (const said of ["Search", "search", "tem_1"]) {
    const { code, calls } = await run(t, ["teams", "get", said], { "GET /api/teams/tem_1": { body: team } });
    assert.deepEqual([code, calls.at(-1)], [0, "GET /api/teams/tem_1"], said);
    assert.equal(calls.length, said === "tem_1" ? 1 : 2, "an id asks nothing more");
  }
});

test("members, holders and owners are said by name too, several words at once", async (t) => {
  const member = { teamId: "tem_1", memberId: "svc_1", type: "service", name: "indexer", role: "admin", createdAt };
  const { code, last } = await run(t, ["team-members", "set", "Search", "indexer", "--role", "admin"], {
    "PUT /api/teams/tem_1/members/svc_1": { body: member },
  });
  assert.deepEqual([code, last?.call], [0, "PUT /api/teams/tem_1/members/svc_1"]);
  const person = { "PUT /api/teams/tem_1/members/usr_1": { body: { ...member, memberId: "usr_1", type: "user" } } };
  const byMail = await run(t, ["team-members", "set", "Search", "Bob_Ada@example.com"], person);
  assert.deepEqual([byMail.code, byMail.last?.call], [0, "PUT /api/teams/tem_1/members/usr_1"], byMail.err);
  const seen = { "PUT /api/models/visibility": { body: { model: "x", teams: ["tem_1", "tem_2"] } } };
  const set = ["models", "set-visibility", "--model", "x", "--teams", "Search"];
  assert.equal(
    (await run(t, [...set, "--teams", "tem_2"], seen)).last?.body,
    '{"model":"x","teams":["tem_1","tem_2"]}',
  );
  assert.equal((await run(t, set, seen)).last?.body, '{"model":"x","teams":["tem_1"]}');
  assert.equal((await run(t, ["usage", "--team", "Search,Other"])).calls.at(-1), "GET /api/usage?team=tem_1%2Ctem_2");
});

test("a name that two things have is refused with their ids; one that nothing has goes on as it is", async (t) => {
  const twin = await run(t, ["service-accounts", "get", "twin"]);
  assert.deepEqual([twin.code, twin.err], [1, '"twin" is the name of svc_2 and svc_3: say which.\n']);
  const { code, err } = await run(t, ["keys", "create", "--name", "x", "--owner", "nobody"]);
  assert.equal(code, 1);
  assert.match(err, /^--owner: must be org, or the id of a person/);
  const hidden = { "GET /api/teams": { status: 403, body: { code: "forbidden", detail: "No." } } };
  const unseen = await run(t, ["teams", "get", "Search"], { ...hidden, "GET /api/teams/Search": { body: team } });
  assert.deepEqual([unseen.code, unseen.calls.at(-1)], [0, "GET /api/teams/Search"], "nor what may not be listed");
});
