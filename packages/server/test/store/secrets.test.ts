import assert from "node:assert/strict";
import { test } from "node:test";
import { listSecrets, removeSecret, setSecret } from "@auxot/wire/operations/secrets";
import { may } from "../../src/platform/access/may.ts";
import type { AuditRecord } from "../../src/platform/audit-record.ts";
import type { Caller } from "../../src/platform/caller.ts";
import type { Sealing } from "../../src/platform/sealing.ts";
import { createSealing } from "../harness/one-key.ts";
import { createSecret } from "../../src/platform/secret-text.ts";
import { createSecretOperations } from "../../src/records/secrets/operations.ts";
import { createSecrets } from "../../src/records/secrets/secrets.ts";
import { createSecretStore } from "../../src/records/secrets/store.ts";
import { openTestDatabase } from "../harness/database.ts";
import { createTestOperations, orgOwner } from "../harness/operations.ts";
import { quietLog as log } from "../harness/quiet-log.ts";

const reason = {
  reader: { kind: "agent", id: "agt_1", name: "Researcher" },
  actor: { type: "user", id: "usr_ada", name: "Ada", keyId: "" },
  purpose: "to search",
  requestId: "req_1",
} as const;

async function setUp(sealing: Sealing = createSealing(createSecret("a secret key of thirty-two letters"))) {
  const database = await openTestDatabase();
  const noted: AuditRecord[] = [];
  const state = { now: Date.parse("2026-11-23T12:00:00Z") };
  const clock = { now: () => state.now };
  const note = (record: AuditRecord) => void noted.push(record);
  const secrets = createSecrets({ store: createSecretStore(database), sealing, note, clock, log });
  const operations = createTestOperations(database, createSecretOperations(secrets));
  return {
    database,
    secrets,
    noted,
    state,
    ...operations,
    async [Symbol.asyncDispose]() {
      await secrets.close();
      await database.close();
    },
  };
}

function person(id: string, more: Partial<Caller> = {}): Caller {
  return { ...orgOwner, name: id, principal: { type: "user", id }, orgRole: "member", ...more };
}

test("a value goes in and only its last four characters come out, anywhere", async () => {
  await using house = await setUp();
  const made = await house.run(setSecret, {
    name: "SEARCH_KEY",
    value: "sk-abcdefghijkl-9876",
    description: "for search",
  });
  assert.deepEqual(
    { name: made.name, scope: made.scope, scopeId: made.scopeId, last4: made.last4, version: made.version },
    { name: "SEARCH_KEY", scope: "org", scopeId: null, last4: "9876", version: 1 },
  );
  assert.equal((await house.run(setSecret, { name: "PIN", value: "1234-5678" })).last4, "", "too short to show any");
  const listed = await house.run(listSecrets, {});
  assert.deepEqual(
    listed.items.map(({ name }) => name),
    ["PIN", "SEARCH_KEY"],
  );
  const [row] = await house.database.sql`select * from secret where name = 'SEARCH_KEY'`;
  for (const place of [made, listed, house.audited, row]) {
    assert.ok(!JSON.stringify(place).includes("abcdefghijkl"));
  }
  assert.ok(!JSON.stringify(house.audited).includes("9876"));
});

test("a name means the user's secret, else the team's, else the organisation's", async () => {
  await using house = await setUp();
  await house.run(setSecret, { name: "K", value: "of the organisation" });
  await house.run(setSecret, { name: "K", scope: "team", scopeId: "tem_1", value: "of the team" });
  await house.run(setSecret, { name: "K", scope: "user", scopeId: "usr_ada", value: "of Ada" });
  const read = async (userId: string | null, teamId: string | null) =>
    (await house.secrets.open("K", { userId, teamId }, reason)).reveal();
  assert.equal(await read("usr_ada", "tem_1"), "of Ada");
  assert.equal(await read("usr_bob", "tem_1"), "of the team");
  assert.equal(await read("usr_bob", "tem_2"), "of the organisation");
  assert.equal(await read(null, null), "of the organisation");
  await assert.rejects(house.secrets.open("L", { userId: null, teamId: null }, reason), {
    code: "not_found",
    message: /no secret named "L"/,
  });
});

test("a new value replaces the old one, and is refused when somebody else was faster", async () => {
  await using house = await setUp();
  await house.run(setSecret, { name: "K", value: "one", description: "kept" });
  const second = await house.run(setSecret, { name: "K", value: "two", version: 1 });
  assert.deepEqual([second.version, second.description], [2, "kept"]);
  await assert.rejects(house.run(setSecret, { name: "K", value: "three", version: 1 }), {
    code: "conflict",
    message: /it is at version 2, not 1/,
  });
  await assert.rejects(house.run(setSecret, { name: "K", value: "three", version: 0 }), { code: "conflict" });
  const both = await Promise.allSettled(
    ["a", "b"].map((value) => house.run(setSecret, { name: "NEW", value, version: 0 })),
  );
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  await assert.rejects(house.run(removeSecret, { id: second.id, version: 1 }), { code: "conflict" });
  await house.run(removeSecret, { id: second.id, version: 2 });
  await assert.rejects(house.run(removeSecret, { id: second.id }), { code: "not_found" });
});

test("people set and see their own, teams theirs, and nobody another's", async () => {
  await using house = await setUp();
  const ada = person("usr_ada", { teams: [{ id: "tem_1", name: "One", role: "admin" }] });
  const bob = person("usr_bob", { teams: [{ id: "tem_1", name: "One", role: "member" }] });
  const own = await house.run(setSecret, { name: "MINE", scope: "user", value: "x" }, { caller: ada });
  assert.equal(own.scopeId, "usr_ada");
  await house.run(setSecret, { name: "OURS", scope: "team", scopeId: "tem_1", value: "x" }, { caller: ada });
  await house.run(setSecret, { name: "ALL", value: "x" });
  const see = async (caller: Caller) => (await house.run(listSecrets, {}, { caller })).items.map(({ name }) => name);
  assert.deepEqual(await see(ada), ["MINE", "OURS"]);
  assert.deepEqual(await see(bob), []);
  assert.deepEqual(await see(orgOwner), ["ALL", "MINE", "OURS"]);
  for (const input of [
    { name: "ALL", value: "y" },
    { name: "OURS", scope: "team", scopeId: "tem_1", value: "y" },
    { name: "MINE", scope: "user", scopeId: "usr_ada", value: "y" },
  ]) {
    await assert.rejects(house.run(setSecret, input, { caller: bob }), { code: "forbidden" });
  }
  await assert.rejects(house.run(removeSecret, { id: own.id }, { caller: bob }), { code: "forbidden" });
});

test("a team's key, which acts as a member, neither sees nor changes the team's secrets", async () => {
  await using house = await setUp();
  const place = { name: "OURS", scope: "team", scopeId: "tem_1" };
  const { id } = await house.run(setSecret, { ...place, value: "x" });
  const caller: Caller = {
    ...orgOwner,
    name: "ci",
    principal: { type: "team", id: "tem_1" },
    orgRole: null,
    teams: [{ id: "tem_1", name: "One", role: "member" }],
  };
  assert.deepEqual((await house.run(listSecrets, {}, { caller })).items, []);
  await assert.rejects(house.run(setSecret, { ...place, value: "y" }, { caller }), { code: "forbidden" });
  await assert.rejects(house.run(removeSecret, { id }, { caller }), { code: "forbidden" });
});

test("a value that was set with an Idempotency-Key cannot be tried out on a copy of the database", async () => {
  await using house = await setUp();
  const handlers = createSecretOperations(house.secrets);
  const other = createTestOperations(
    house.database,
    handlers,
    createSecret("another secret key of thirty-two letters"),
  );
  const pin = { name: "PIN", value: "1234" };
  const [caller, again] = [orgOwner, { ...orgOwner, keyId: "key_other" }];
  await house.run(setSecret, pin, { caller, idempotencyKey: "once" });
  await other.run(setSecret, pin, { caller: again, idempotencyKey: "once" });
  const rows = await house.database.sql`select encode(fingerprint, 'hex') as mark from idempotent_answer`;
  assert.equal(new Set(rows.map(({ mark }) => mark)).size, 2, "nobody makes one without the secret key");
});

test("who may not change a secret is not told whether it is there", async () => {
  await using house = await setUp();
  const { id } = await house.run(setSecret, { name: "K", value: "x" });
  for (const asked of [id, "sec_none"]) {
    await assert.rejects(house.run(removeSecret, { id: asked }, { caller: person("usr_bob") }), { code: "forbidden" });
  }
});

test("a list shows exactly what its caller may read", async () => {
  await using house = await setUp();
  const scopes = ["org", "team tem_1", "team tem_2", "user usr_ada", "user svc_bot"];
  for (const place of scopes) {
    const [scope, scopeId] = place.split(" ");
    await house.run(setSecret, {
      name: `S_${scopeId ?? "org"}`,
      scope,
      ...(scopeId === undefined ? {} : { scopeId }),
      value: "x",
    });
  }
  const roles = ["owner", "admin", "member", null] as const;
  const principals = [
    { type: "system", id: "" },
    { type: "user", id: "usr_ada" },
    { type: "service", id: "svc_bot" },
    { type: "team", id: "tem_1" },
  ] as const;
  const memberships = [
    [],
    [{ id: "tem_1", name: "One", role: "admin" }],
    [{ id: "tem_2", name: "Two", role: "member" }],
  ] as const;
  for (const orgRole of roles) {
    for (const principal of principals) {
      for (const teams of memberships) {
        const caller: Caller = { ...orgOwner, principal, orgRole, teams };
        const expected = scopes.filter((place) => {
          const [scope, scopeId = null] = place.split(" ");
          const [ownerId, teamId] = [scope === "user" ? scopeId : null, scope === "team" ? scopeId : null];
          return may(caller, "secrets.read", { kind: "secret", id: "sec_1", ownerId, teamId }).allowed;
        });
        const what = JSON.stringify({ orgRole, principal, teams });
        const names = expected.map((place) => `S_${place.split(" ")[1] ?? "org"}`).toSorted();
        const listed = house.run(listSecrets, {}, { caller });
        if (names.length === 0 && principal.type === "system") {
          await assert.rejects(listed, { code: "forbidden" }, what);
        } else {
          assert.deepEqual((await listed).items.map(({ name }) => name).toSorted(), names, what);
        }
      }
    }
  }
});

test("what cannot be a secret is refused with its field", async () => {
  await using house = await setUp();
  for (const [input, field] of [
    [{ name: "1K", value: "x" }, /name: must be letters/],
    [{ name: "K", value: "" }, /value/],
    [{ name: "K", value: "x".repeat(65_537) }, /value/],
    [{ name: "K" }, /value: is missing/],
    [{ name: "K", value: "x", scope: "team" }, /scopeId must be the id of the team/],
    [{ name: "K", value: "x", scope: "team", scopeId: "usr_1" }, /scopeId must be the id of the team/],
    [{ name: "K", value: "x", scope: "user" }, /scopeId must be the id of the user/],
    [{ name: "K", value: "x", scopeId: "tem_1" }, /has no scopeId/],
    [{ name: "K", value: "x", secret: true }, /secret/],
  ] as const) {
    await assert.rejects(house.run(setSecret, input), { code: "invalid_request", message: field });
  }
});

test("a dry run says what it would set and sets nothing", async () => {
  await using house = await setUp();
  const preview: unknown = await house.run(setSecret, { name: "K", value: "hidden value" }, { dryRun: true });
  assert.ok(JSON.stringify(preview).includes('"name":"K"'));
  assert.ok(!JSON.stringify(preview).includes("hidden"));
  assert.deepEqual((await house.run(listSecrets, {})).items, []);
});

test("reads are audited and counted for each reader, many in one record", async () => {
  await using house = await setUp();
  const { id } = await house.run(setSecret, { name: "K", value: "x" });
  const holder = { userId: null, teamId: null };
  for (let reads = 0; reads < 50; reads++) await house.secrets.open("K", holder, reason);
  house.state.now += 500;
  const other = { ...reason, reader: { kind: "tools", id: "tol_1", name: "Search" } };
  await house.secrets.open("K", holder, other);
  await house.secrets.close();
  assert.deepEqual(
    house.noted.map(({ action, actor, target, outcome, reason: why, after }) => ({
      action,
      actor: actor.name,
      target,
      outcome,
      why,
      after,
    })),
    [
      {
        action: "secrets.open",
        actor: "Ada",
        target: { kind: "secret", id, name: "K" },
        outcome: "success",
        why: "to search",
        after: { scope: "org", scopeId: "", reader: reason.reader, reads: 50 },
      },
      {
        action: "secrets.open",
        actor: "Ada",
        target: { kind: "secret", id, name: "K" },
        outcome: "success",
        why: "to search",
        after: { scope: "org", scopeId: "", reader: other.reader, reads: 1 },
      },
    ],
  );
  const [view] = (await house.run(listSecrets, {})).items;
  assert.equal(view?.lastReadAt, "2026-11-23T12:00:00.500Z");
  assert.deepEqual(
    view.usedBy.map(({ name, reads }) => [name, reads]),
    [
      ["Search", 1],
      ["Researcher", 50],
    ],
  );
});

test("a secret whose key is not here fails with that key's name, and the attempt is audited", async () => {
  await using house = await setUp();
  await house.run(setSecret, { name: "K", value: "x" });
  await house.database.sql`update secret set value_sealed = 'v2.lostkeyid12.aaaa.bbbb'`;
  await assert.rejects(house.secrets.open("K", { userId: null, teamId: null }, reason), {
    code: "internal",
    message: /the secret key lostkeyid12, and this router has/,
  });
  await house.secrets.close();
  assert.equal(house.noted[0]?.outcome, "failure");
  assert.match(house.noted[0]?.reason ?? "", /lostkeyid12/);
});
