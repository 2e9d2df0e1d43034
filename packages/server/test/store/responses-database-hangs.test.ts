import assert from "node:assert/strict";
import { createOrgCaller } from "../../src/platform/caller.ts";
import { test } from "node:test";
import type { ChatRequest } from "@auxot/wire/chat";
import { createLog } from "../../src/platform/log.ts";
import { startRun } from "../../src/responses/background-run.ts";
import { openTestDatabase } from "../harness/database.ts";
import { is, lockTable, setUpResponses as setUp } from "../harness/responses.ts";

const infer = (): never => assert.fail("asks no source");

test("a database that hangs holds a bounded number of answers in memory, and the rest are told as lost", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database);
  const lock = await lockTable(database);
  const writes = Array.from({ length: 500 }, (_, number) => keep(`resp_${number}`));
  await assert.rejects(keep("one_more"), is("no_capacity", /the database is too slow/));
  await Promise.all([lock.free(), ...writes]);
  await responses.get("key_1", "resp_499");
  await assert.rejects(
    responses.get("key_1", "one_more"),
    is("not_found", /It was not kept: the database is too slow/),
  );
  await responses.close();
});

test("a database that hangs holds a bounded size of answers in memory", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database, { maxWritingBytes: 1000 });
  const lock = await lockTable(database);
  const first = keep("resp_1", { response: "x".repeat(600) });
  await assert.rejects(keep("resp_2", { response: "x".repeat(600) }), is("no_capacity", /the database is too slow/));
  await Promise.all([lock.free(), first]);
  await keep("resp_3", { response: "x".repeat(600) });
  await responses.close();
});

test("whoever asks a database that hangs is told so after a while, also of what is still being written", async () => {
  await using database = await openTestDatabase();
  const { responses, keep } = setUp(database, { answerWithinMs: 20 });
  await keep("resp_1");
  const lock = await lockTable(database);
  const writing = keep("resp_2");
  const isTold = is("no_capacity", /cannot be read right now: the database does not answer/);
  await assert.rejects(responses.get("key_1", "resp_1"), isTold);
  await assert.rejects(responses.getChain("key_1", "resp_2"), isTold);
  await assert.rejects(responses.findOwners("key_1", ["in_resp_2"]), isTold);
  await Promise.all([lock.free(), writing]);
  await responses.close();
});

test("an answer in the background is not begun while the database hangs, and has failed when that one wakes", async () => {
  await using database = await openTestDatabase();
  const { responses, lines } = setUp(database);
  const lock = await lockTable(database);
  const log = createLog("debug", (line) => void lines.push(line));
  const request: ChatRequest = { model: "m", messages: [], tools: [], stream: true };
  const call = {
    requestId: "req_1",
    caller: createOrgCaller("key_1", "k", false),
    origin: { tags: [] },
    dialect: "openai-responses",
  } as const;
  const meta = { id: "resp_1", createdAt: 1, model: "m", includeUsage: false, requestId: "req_1", request };
  const kept = { keyId: "key_1", createdAt: Date.parse("2026-01-01"), input: "[]", itemIds: [] };
  const stopped = new AbortController().signal;
  const starting = startRun(
    { infer, responses, maxFrames: 1000, stopped, startWithinMs: 20 },
    { ...call, request, log, meta, kept },
  );
  await assert.rejects(starting, is("no_capacity", /could not be stored: the database does not answer/));
  await lock.free();
  while ((await responses.get("key_1", "resp_1")).status !== "failed");
  await responses.close();
});
