import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatRequest } from "@auxot/wire/chat";
import { createOrgCaller, type Caller } from "../../src/platform/caller.ts";
import { createRequestLog, type RequestLog, type RequestLogDeps } from "../../src/records/request-log/request-log.ts";
import { createRequestLogStore, type SettingRow } from "../../src/records/request-log/store.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestDatabase } from "../harness/database.ts";
import { quietLog } from "../harness/quiet-log.ts";

const request: ChatRequest = {
  model: "m",
  messages: [{ role: "user", content: [{ type: "text", text: "hi \u0000" }] }],
  tools: [],
  stream: false,
};
const caller = createOrgCaller("key_1", "app", false);
const dayMs = 24 * 60 * 60 * 1000;

async function open(database: Database, more: Partial<RequestLogDeps> = {}): Promise<RequestLog> {
  const clock = { now: () => 0 };
  return createRequestLog({ store: createRequestLogStore(database), clock, log: quietLog, flushEveryMs: 1, ...more });
}

async function save(
  database: Database,
  setting: Pick<SettingRow, "scope" | "level"> & Partial<SettingRow>,
): Promise<void> {
  const row = { retentionDays: 1, words: [], version: 1, updatedAt: new Date(0), ...setting };
  await createRequestLogStore(database).saveSetting(database.db, row);
}

function keepOne(log: RequestLog, requestId: string): void {
  const keeping = log.findKeeping(caller);
  assert.ok(keeping !== undefined);
  log.keep({ requestId, at: 0, caller, request, answer: undefined, isComplete: false, truncated: false }, keeping);
}

test("the strictest of a caller's teams decides, the organisation where no team does", async () => {
  await using database = await openTestDatabase();
  await save(database, { scope: "org", level: "full" });
  await save(database, { scope: "tem_1", level: "metadata" });
  await save(database, { scope: "tem_2", level: "off" });
  const log = await open(database);
  const within = (...ids: string[]): Caller => ({
    ...caller,
    teams: ids.map((id) => ({ id, name: id, role: "member" })),
  });
  assert.equal(log.findKeeping(caller)?.level, "full");
  assert.equal(log.findKeeping(within("tem_9"))?.level, "full");
  assert.equal(log.findKeeping(within("tem_9", "tem_1"))?.level, "metadata");
  assert.equal(log.findKeeping(within("tem_1", "tem_2")), undefined);
  assert.equal(log.findKeeping({ ...caller, principal: { type: "team", id: "tem_1" } })?.level, "metadata");
  await log.close();
});

test("what waits is written at the latest when the router stops, any text of it", async () => {
  await using database = await openTestDatabase();
  await save(database, { scope: "org", level: "full" });
  const log = await open(database, { flushEveryMs: 60_000 });
  keepOne(log, "req_1");
  await log.close();
  const [row] = await database.sql`select request, expires_at from request_content`;
  assert.match(String(row?.["request"]), /hi \\u0000/);
  assert.equal(new Date(row?.["expires_at"]).getTime(), dayMs);
});

test("a database that is away loses nothing that fits, and is said", async () => {
  await using database = await openTestDatabase();
  await save(database, { scope: "org", level: "full" });
  const store = createRequestLogStore(database);
  const failed = Promise.withResolvers<void>();
  let isAway = true;
  const log = await open(database, {
    store: {
      ...store,
      async insert(rows) {
        if (!isAway) return store.insert(rows);
        failed.resolve();
        throw new Error("connect ECONNREFUSED");
      },
    },
  });
  keepOne(log, "req_1");
  await failed.promise;
  isAway = false;
  await log.close();
  assert.equal((await database.sql`select 1 from request_content`).length, 1);
});

test("contents end with their days, in batches", async () => {
  await using database = await openTestDatabase();
  const store = createRequestLogStore(database);
  const rows = Array.from({ length: 7 }, (_, at) => ({
    requestId: `req_${at}`,
    at: new Date(0),
    keyId: "key_1",
    ownerId: null,
    teamId: null,
    level: "full" as const,
    request: "{}",
    answer: null,
    truncated: false,
    expiresAt: new Date(at * 1000),
  }));
  await store.insert(rows);
  await store.insert(rows);
  assert.equal((await store.find(database.db, "req_3", new Date(4000)))?.requestId, undefined);
  assert.equal((await store.find(database.db, "req_5", new Date(4000)))?.requestId, "req_5");
  assert.deepEqual(
    [await store.removeExpired(new Date(4000), 3), await store.removeExpired(new Date(4000), 3)],
    [3, 2],
  );
});
