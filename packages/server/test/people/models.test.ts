// What the organisation says of models, as operations: good ways, every wrong input, every role that may not, two routers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKey } from "@auxot/wire/operations/keys";
import {
  listAliases,
  listRouting,
  listVisibility,
  removeAlias,
  removeRouting,
  setAlias,
  setRouting,
  setVisibility,
} from "@auxot/wire/operations/models";
import { createServiceAccount } from "@auxot/wire/operations/service-accounts";
import { createTeam, setTeamMember } from "@auxot/wire/operations/teams";
import { openModelSettings } from "../../src/records/models/settings.ts";
import { createModelStore } from "../../src/records/models/store.ts";
import { openDatabase } from "../../src/store/database.ts";
import { openTestOrganisation, type TestOrganisation } from "../harness/people.ts";
import { quietLog } from "../harness/quiet-log.ts";

let org: TestOrganisation;
let team: string;
const denied = { code: "forbidden" };
before(async () => {
  org = await openTestOrganisation();
  ({ id: team } = await org.run(createTeam, { name: "Search" }));
  await org.run(setTeamMember, { team, member: "usr_bob", role: "admin" });
  await org.run(setTeamMember, { team, member: "usr_cy" });
});
after(() => org[Symbol.asyncDispose]());

test("names of the organisation's own are set, changed by their version, listed and removed", async () => {
  const made = await org.run(setAlias, { name: "fast", models: ["gpu/x"] });
  assert.deepEqual(made, { name: "fast", models: ["gpu/x"], order: "listed", version: 1 });
  const changed = await org.run(setAlias, { name: "fast", models: ["gpu/x", "y"], order: "tiers", version: 1 });
  assert.equal(changed.version, 2);
  await assert.rejects(org.run(setAlias, { name: "fast", models: ["z"], version: 1 }), { code: "conflict" });
  assert.deepEqual((await org.run(listAliases, {}, { caller: await org.as("usr_dee") })).items, [changed]);
  assert.deepEqual(org.models.current().aliases.get("fast"), { models: ["gpu/x", "y"], order: "tiers" });
  assert.deepEqual(await org.run(removeAlias, { name: "fast" }), changed);
  await assert.rejects(org.run(removeAlias, { name: "fast" }), { code: "not_found" });
  assert.equal(org.models.current().aliases.size, 0);
});

test("a dry run shows the change, and routes as before", async () => {
  const preview = await org.run(setAlias, { name: "tried", models: ["x"] }, { dryRun: true });
  assert.partialDeepStrictEqual(preview, {
    dryRun: true,
    changes: [{ kind: "model-alias", id: "tried", before: null, after: { models: ["x"] } }],
  });
  assert.equal(org.models.current().aliases.has("tried"), false);
});

test("what makes no sense is refused with the field", async () => {
  for (const [run, message] of [
    [() => org.run(setAlias, { name: "a b", models: ["x"] }), /^name: must have no spaces/],
    [() => org.run(setAlias, { name: "a/b", models: ["x"] }), /^name: must have no \* and no \//],
    [() => org.run(setAlias, { name: "auto", models: ["x"] }), /^name: "auto" has its own meaning/],
    [() => org.run(setAlias, { name: "a", models: [] }), /^models: /],
    [() => org.run(setAlias, { name: "a", models: ["x"], order: "random" }), /^order: /],
    [() => org.run(setVisibility, { model: "a*b", teams: null }), /^model: must be a name, or the beginning/],
    [() => org.run(setVisibility, { model: "a", teams: ["tem_none"] }), /^teams\.0: there is no team/],
    [() => org.run(setVisibility, { model: "a", teams: ["usr_cy"] }), /^teams\.0: "usr_cy" is no team/],
    [() => org.run(setRouting, { subject: "usr_cy" }), /^subject: must be org, or the id/],
    [() => org.run(setRouting, { subject: "tem_none" }), /^subject: there is no team, service account or key/],
    [() => org.run(setRouting, { subject: "org", tiers: [] }), /^tiers: /],
    [() => org.run(setRouting, { subject: "org", tiers: ["gpu", "gpu"] }), /^tiers: must name each tier once/],
    [() => org.run(setRouting, { subject: "org", tiers: ["tpu"] }), /^tiers\.0: /],
    [() => org.run(setRouting, { subject: "org", fallbacks: { x: [] } }), /^fallbacks\.x: /],
  ] as const) {
    await assert.rejects(run, { code: "invalid_request", message });
  }
});

test("administrators say what holds for all, a team's admins what holds for the team", async () => {
  const [bob, cy, dee] = await Promise.all([org.as("usr_bob"), org.as("usr_cy"), org.as("usr_dee")]);
  const { id: service } = await org.run(createServiceAccount, { name: "bot", team });
  const { id: key } = await org.run(createKey, { name: "k", owner: team });
  const { id: personal } = await org.run(createKey, { name: "p" }, { caller: cy });
  for (const subject of [team, service, key]) {
    assert.equal((await org.run(setRouting, { subject, tiers: ["cloud"] }, { caller: bob })).version, 1);
    await assert.rejects(org.run(setRouting, { subject, tiers: ["cloud"] }, { caller: cy }), denied);
    await assert.rejects(org.run(removeRouting, { subject }, { caller: cy }), denied);
  }
  assert.equal((await org.run(listRouting, {}, { caller: cy })).items.length, 3);
  assert.partialDeepStrictEqual(
    (await org.run(listRouting, {}, { caller: bob })).items.find(({ subject }) => subject === team),
    {
      name: "Search",
      tiers: ["cloud"],
    },
  );
  await assert.rejects(org.run(listRouting, {}, { caller: dee }), denied);
  await assert.rejects(org.run(setRouting, { subject: "org" }, { caller: bob }), denied);
  await assert.rejects(org.run(setRouting, { subject: personal }, { caller: cy }), denied);
  await assert.rejects(org.run(setAlias, { name: "x", models: ["y"] }, { caller: bob }), denied);
  await assert.rejects(org.run(removeAlias, { name: "x" }, { caller: bob }), denied);
  await assert.rejects(org.run(setVisibility, { model: "x", teams: [team] }, { caller: bob }), denied);
  await assert.rejects(org.run(listVisibility, {}, { caller: bob }), denied);
  await assert.rejects(org.run(setRouting, { subject: team, version: 4 }, { caller: bob }), { code: "conflict" });
  assert.equal((await org.run(removeRouting, { subject: team }, { caller: bob })).subject, team);
  await assert.rejects(org.run(removeRouting, { subject: team }, { caller: bob }), { code: "not_found" });
});

test("visibility is set, listed and lifted", async () => {
  await org.run(setVisibility, { model: "gpt*", teams: [team, team] });
  assert.deepEqual((await org.run(listVisibility, {})).items, [{ model: "gpt*", teams: [team] }]);
  assert.deepEqual(await org.run(setVisibility, { model: "gpt*", teams: null }), { model: "gpt*", teams: null });
  assert.deepEqual((await org.run(listVisibility, {})).items, []);
});

test("what one router changes the others follow, also after their link to the database was lost", async () => {
  const other = await openDatabase(org.database.target, quietLog);
  const there = await openModelSettings({ store: createModelStore(other), log: quietLog });
  await org.run(setAlias, { name: "news", models: ["x"] });
  assert.ok(org.models.current().aliases.has("news"));
  await until(() => there.current().aliases.has("news"));
  await org.database.sql`delete from model_alias`;
  await org.database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen%' and pid <> pg_backend_pid()`;
  await until(() => !there.current().aliases.has("news"));
  await there.close();
  await other.close();
});

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await new Promise((done) => setImmediate(done))) {
    if (isSo()) return;
  }
  assert.fail("the other router did not hear of it within 10 s");
}
