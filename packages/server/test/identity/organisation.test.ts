// What people are given when they join, and who is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createDirectory } from "../../src/operations/directory.ts";
import { createDeleteOver } from "../../src/records/identity/clean-up/store.ts";
import { createOrganisationStore } from "../../src/records/identity/organisation/store.ts";
import { createPeople } from "../../src/records/identity/users/people.ts";
import { createUserStore } from "../../src/records/identity/users/store.ts";
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

test("a list names its people with one question, however many they are", async () => {
  await using database = await openTestDatabase();
  const users = createUserStore(database);
  const ids = Array.from({ length: 50 }, (_, at) => `usr_${at}`);
  for (const id of ids) {
    const email = `${id}@example.com`;
    const person = {
      id,
      email,
      name: `Name of ${id}`,
      emailVerified: true,
      origin: "created",
      createdAt: new Date(),
    } as const;
    await users.insert(database.db, person);
  }
  let asked = 0;
  const counting = new Proxy(database.db, {
    get(target, name, receiver) {
      if (name === "select") asked++;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  const names = await createDirectory(createPeople(users)).nameAll(counting, [...ids, "usr_gone", "org"]);
  assert.deepEqual(
    [names.get("usr_7"), names.get("usr_gone"), names.get("org")],
    ["Name of usr_7", "usr_gone", "the organisation"],
  );
  assert.equal(asked, 1);
});

test("what nobody can use any more is deleted, all of it, and invitations are kept to be looked back at", async () => {
  await using database = await openTestDatabase();
  const { sql } = database;
  await sql`insert into sign_in_challenge (id, identifier, value, expires_at)
    select 'chl_' || n, 'x', 'y', '2026-01-01'::timestamptz from generate_series(1, 2500) n`;
  await sql`insert into one_time_link (id, kind, token_hash, email, created_by, expires_at) values
    ('inv_old', 'invitation', 'a', 'a@example.com', 'Olga', '2026-01-01'),
    ('inv_late', 'invitation', 'b', 'b@example.com', 'Olga', '2026-05-30')`;
  const deleteOver = createDeleteOver(database);
  const now = new Date("2026-06-01T00:00:00Z");
  assert.equal(await deleteOver(now), 2501);
  assert.equal(await deleteOver(now), 0);
  const left = await sql`select id from one_time_link`;
  assert.deepEqual(
    left.map(({ id }) => id),
    ["inv_late"],
  );
});
