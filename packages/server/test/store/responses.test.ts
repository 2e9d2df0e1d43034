import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewResponse } from "../../src/records/responses/responses.ts";
import { createResponseStore } from "../../src/records/responses/store.ts";
import { createAnswerKeeper } from "../../src/responses/keep-answer.ts";
import { openTestDatabase } from "../harness/database.ts";
import { is, setUpResponses as setUp } from "../harness/responses.ts";

const dayMs = 24 * 60 * 60 * 1000;

test("what is kept comes back as it was, for its key only, until its days are over", async () => {
  await using database = await openTestDatabase();
  const { responses, keep, time } = setUp(database);
  await keep("resp_1", { frames: "event: x\n\n", previousId: "resp_0", background: true });
  const found = await responses.get("key_1", "resp_1");
  assert.equal(found.response, JSON.stringify({ id: "resp_1", output: [{ id: "out_resp_1" }], text: "\u0000 é 🎉" }));
  assert.deepEqual(
    [found.createdAt, found.provider, found.previousId, found.hasFrames, found.background],
    [time.now, "gpu", "resp_0", true, true],
  );
  assert.equal(await responses.getFrames("key_1", "resp_1"), "event: x\n\n");
  await assert.rejects(responses.get("key_2", "resp_1"), is("not_found", /^Response with id 'resp_1' not found\.$/));
  await assert.rejects(responses.remove("key_2", "resp_1"), is("not_found", /not found/));
  time.now += 30 * dayMs - 1;
  await responses.get("key_1", "resp_1");
  time.now += 1;
  await assert.rejects(responses.get("key_1", "resp_1"), is("not_found", /not found/));
  assert.equal(await responses.getFrames("key_1", "resp_1"), undefined);
  assert.deepEqual(await responses.findOwners("key_1", ["out_resp_1"]), []);
  await responses.close();
});

test("two keys may know different responses by one id, as upstreams that count from 1 give them", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database);
  await keep("resp_1");
  await keep("resp_1", { keyId: "key_2", response: `{"of":"key_2"}` });
  assert.match((await responses.get("key_1", "resp_1")).response, /"resp_1"/);
  assert.equal((await responses.get("key_2", "resp_1")).response, `{"of":"key_2"}`);
  await responses.close();
});

test("expired rows are removed by the clock, in batches, and the others stay", async () => {
  await using database = await openTestDatabase();
  const { responses, keep, time } = setUp(database, { tendEveryMs: 5 });
  for (let first = 0; first < 1200; first += 300) {
    await Promise.all(Array.from({ length: 300 }, (_, number) => keep(`old_${first + number}`)));
  }
  const stored = createResponseStore(database);
  assert.equal(await stored.removeExpired(time.now + 31 * dayMs, 100), 100, "never more than asked for");
  time.now += 29 * dayMs;
  await keep("young");
  time.now += 2 * dayMs;
  const count = async (): Promise<number> =>
    (await database.sql<{ count: number }[]>`select count(*) from stored_response`)[0]?.count ?? 0;
  while ((await count()) > 1);
  await responses.get("key_1", "young");
  await responses.close();
});

test("a chain comes whole and in order, or says which link is missing", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database, { maxChainBytes: 5000 });
  await keep("a");
  await keep("b", { previousId: "a" });
  await keep("c", { previousId: "b" });
  assert.deepEqual(
    (await responses.getChain("key_1", "c")).map(({ id }) => id),
    ["a", "b", "c"],
  );
  await assert.rejects(
    responses.getChain("key_2", "c"),
    is("previous_response_not_found", /^Previous response with id 'c' not found\. Send the whole/),
  );
  await assert.rejects(responses.getChain("key_1", "x\0y"), is("previous_response_not_found", /not found/));
  await responses.remove("key_1", "a");
  await assert.rejects(
    responses.getChain("key_1", "c"),
    is("previous_response_not_found", /id 'a' not found\. It stands before 'c' and was deleted or has expired/),
  );
  assert.deepEqual(
    (await responses.listChain("key_1", "c")).map(({ id }) => id),
    ["b", "c"],
  );
  await keep("long_0");
  for (let link = 1; link <= 99; link++) await keep(`long_${link}`, { previousId: `long_${link - 1}` });
  await assert.rejects(responses.getChain("key_1", "long_99"), is("too_large", /too long to go on from/));
  await keep("ring", { previousId: "ring" });
  await assert.rejects(
    responses.getChain("key_1", "ring"),
    is("previous_response_not_found", /before 'ring' was replaced: its provider gave both the same id/),
  );
  assert.equal((await responses.listChain("key_1", "ring")).length, 1);
  await responses.close();
});

test("an item is found in the newest response in which it began", async () => {
  await using database = await openTestDatabase();
  const { responses, keep, time } = setUp(database);
  await keep("a", { itemIds: ["item", "only_a", "bad\u0000id", "é"] });
  time.now += 1000;
  await keep("b", { itemIds: ["item"] });
  await keep("c", { keyId: "key_2", itemIds: ["item"] });
  const owners = await responses.findOwners("key_1", ["item", "only_a", "nobody", "bad\u0000id"]);
  assert.deepEqual(owners.map(({ id }) => id).toSorted(), ["a", "b"]);
  assert.deepEqual(
    (await responses.findOwners("key_1", ["item"])).map(({ id }) => id),
    ["b"],
  );
  await responses.close();
});

test("items named by their ids bring no more into memory than a chain may", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database, { maxChainBytes: 1000 });
  const response = JSON.stringify({ output: [], text: "x".repeat(600) });
  await keep("a", { response });
  await keep("b", { response });
  assert.equal((await responses.findOwners("key_1", ["out_a", "in_a"])).length, 1);
  await assert.rejects(
    responses.findOwners("key_1", ["in_a", "in_b"]),
    is("too_large", /^input: it names items of responses that are over .* MiB together/),
  );
  const names = Array.from({ length: 10_001 }, (_, at) => `item_${at}`);
  await assert.rejects(responses.findOwners("key_1", names), is("too_large", /^input: it names more than 10000 items/));
  await responses.close();
});

test("a later state of a response that was deleted meanwhile, by another router too, is not kept again", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database);
  await keep("resp_1", { status: "in_progress", background: true });
  const running = await responses.get("key_1", "resp_1");
  await responses.update({ ...running, itemIds: [], status: "completed", frames: "event: a" });
  assert.equal((await responses.get("key_1", "resp_1")).status, "completed");
  assert.equal(await responses.getFrames("key_1", "resp_1"), "event: a");
  await responses.remove("key_1", "resp_1");
  await responses.update({ ...running, itemIds: [], status: "completed" });
  await assert.rejects(responses.get("key_1", "resp_1"), is("not_found", /not found\.$/));
  await responses.close();
});

test("a row asked for while it is being written is waited for, and the last state stays", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database);
  const writes = ["queued", "in_progress", "completed"].map((status) =>
    keep("resp_1", { status: status as NewResponse["status"] }),
  );
  assert.equal((await responses.get("key_1", "resp_1")).status, "completed");
  await Promise.all(writes);
  await responses.close();
});

test("a database that cannot be written spoils no answer: it is logged, and whoever asks later is told why", async () => {
  await using database = await openTestDatabase();
  const { responses, lines } = setUp(database);
  await database.sql`alter table stored_response rename to away`;
  const keeper = createAnswerKeeper(
    responses,
    { keyId: "key_1", createdAt: 0, input: "[]", itemIds: [] },
    { placement: { tier: "gpu", provider: "gpu", model: "m" }, isStream: false },
  );
  keeper.push(Buffer.from(`{"id":"resp_1","status":"completed","output":[]}`), false);
  assert.deepEqual(await keeper.end(), ["store: The response was not kept: the database could not be written."]);
  assert.match(lines.join(""), /Cannot keep a response/);
  await assert.rejects(responses.get("key_1", "resp_1"), is("no_capacity", /cannot be read right now/));
  await database.sql`alter table away rename to stored_response`;
  await assert.rejects(
    responses.get("key_1", "resp_1"),
    is("not_found", /^Response with id 'resp_1' not found\. It was not kept: the database could not be written\.$/),
  );
  await assert.rejects(
    responses.getChain("key_1", "resp_1"),
    is("previous_response_not_found", /It was not kept: the database could not be written\. Send the whole/),
  );
  await responses.close();
});

test("an answer too large to keep is not, and its caller is told", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database, { maxRowBytes: 1000 });
  await assert.rejects(keep("resp_1", { response: "x".repeat(1001) }), is("too_large", /was not kept: it is larger/));
  await assert.rejects(responses.get("key_1", "resp_1"), is("not_found", /It was not kept: it is larger/));
  await responses.close();
});

test("what runs on a living router is left alone, and fails once that one has been silent for long", async () => {
  await using database = await openTestDatabase();
  const { responses, keep, time } = setUp(database);
  await keep("resp_1", { status: "in_progress", background: true });
  await responses.failAbandoned(false);
  assert.equal((await responses.get("key_1", "resp_1")).status, "in_progress");
  time.now += 61_000;
  await responses.failAbandoned(false);
  const failed = await responses.get("key_1", "resp_1");
  assert.equal(failed.status, "failed");
  assert.match(failed.response, /"status":"failed","error":\{"code":"server_error","message":"The router stopped/);
  await responses.close();
});

test("a router keeps its own runs alive", async () => {
  await using database = await openTestDatabase();
  const { responses, keep, time } = setUp(database, { tendEveryMs: 5 });
  await keep("resp_1", { status: "in_progress", background: true });
  const read = async (): Promise<string> =>
    (await database.sql<{ at: string }[]>`select alive_until::text as at from stored_response`)[0]?.at ?? "";
  const first = await read();
  time.now += 10;
  while ((await read()) === first);
  assert.equal((await responses.get("key_1", "resp_1")).status, "in_progress");
  await responses.close();
});
