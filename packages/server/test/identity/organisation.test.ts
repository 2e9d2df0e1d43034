// What people are given when they join, and who is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createOrganisationStore } from "../../src/records/identity/organisation/store.ts";
import { openTestDatabase } from "../harness/database.ts";

test("somebody who comes back with the same groups makes no router ask for all keys anew", async () => {
  await using database = await openTestDatabase();
  const { db } = database;
  let announced = 0;
  const organisation = createOrganisationStore(database, async () => void announced++);
  const at = new Date();
  const { id, formerName } = await organisation.ensureTeam(db, { id: null, name: "Research" }, at);
  assert.equal(formerName, null, "it is new");
  for (const team of [{ teamId: id, role: "member" } as const]) {
    await organisation.hold(db, "usr_ann", team, ["member"], at);
    await organisation.join(db, ["usr_ann"], [team], at);
    await organisation.hold(db, "usr_ann", team, ["member"], at);
  }
  assert.equal(announced, 1);
  await organisation.leave(db, "usr_ann", [id]);
  await organisation.leave(db, "usr_ann", [id]);
  assert.equal(announced, 2);
});
