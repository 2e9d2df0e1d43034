import assert from "node:assert/strict";
import { test } from "node:test";
import { noUsage } from "@auxot/wire/usage";
import { systemClock } from "../../platform/clock.ts";
import { createLog } from "../../platform/log.ts";
import type { UsageRow } from "./store.ts";
import { createUsageWriter, type UsageWriterDeps } from "./writer.ts";

function row(id: string): UsageRow {
  return {
    id,
    at: 0,
    keyId: "key_1",
    keyName: "app",
    dialect: "openai-chat",
    stream: false,
    requestedModel: "m",
    tries: 1,
    usage: noUsage,
    queueMs: 0,
    totalMs: 1,
    outcome: "ok",
    status: 200,
    tags: [],
  };
}

/** The database is the edge: `insert` decides what it does with a batch. */
function setUp(insert: UsageWriterDeps["insert"], options: Partial<UsageWriterDeps> = {}) {
  const lines: string[] = [];
  const log = createLog("info", (line) => void lines.push(line));
  return { lines, writer: createUsageWriter({ insert, clock: systemClock, log, flushEveryMs: 1, ...options }) };
}

test("writes in batches and loses nothing at a clean stop", async () => {
  const batches: string[][] = [];
  const { writer } = setUp(async (rows) => void batches.push(rows.map((one) => one.id)), {
    maxBatch: 2,
    flushEveryMs: 60_000,
  });
  for (const id of ["a", "b", "c"]) writer.record(row(id));
  await writer.close();
  assert.deepEqual(batches, [["a", "b"], ["c"]]);
});

test("writes by itself, and goes on with rows that came while it wrote", async () => {
  const seen: string[] = [];
  const done = Promise.withResolvers<void>();
  const { writer } = setUp(async (rows) => {
    if (seen.length === 0) writer.record(row("b"));
    seen.push(...rows.map((one) => one.id));
    if (seen.includes("b")) done.resolve();
  });
  writer.record(row("a"));
  // Its timer does not keep the process alive.
  const awake = setInterval(() => {}, 1000);
  await done.promise;
  clearInterval(awake);
  await writer.close();
  assert.deepEqual(seen, ["a", "b"]);
});

test("keeps the rows while the database is away and writes each once it is back", async () => {
  let failures = 2;
  const seen: string[] = [];
  const { writer, lines } = setUp(async (rows) => {
    if (failures-- > 0) throw new Error("connect ECONNREFUSED");
    seen.push(...rows.map((one) => one.id));
  });
  writer.record(row("a"));
  writer.record(row("b"));
  await writer.close();
  assert.deepEqual(seen, ["a", "b"]);
  assert.match(lines[0] ?? "", /Cannot write usage/);
});

test("gives up one row the database refuses, not those beside it", async () => {
  const seen: string[] = [];
  const { writer, lines } = setUp(async (rows) => {
    if (rows.some((one) => one.id === "bad")) throw Object.assign(new Error("null value"), { code: "23502" });
    seen.push(...rows.map((one) => one.id));
  });
  for (const id of ["a", "bad", "b"]) writer.record(row(id));
  await writer.close();
  assert.deepEqual(seen, ["a", "b"]);
  assert.match(lines.join(""), /"requestId":"bad"/);
});

test("keeps a bounded number of rows and says loudly how many were lost", async () => {
  let away = true;
  const seen: string[] = [];
  const { writer, lines } = setUp(
    async (rows) => {
      if (away) throw new Error("away");
      seen.push(...rows.map((one) => one.id));
    },
    { maxRows: 2, flushEveryMs: 60_000 },
  );
  for (const id of ["a", "b", "c", "d"]) writer.record(row(id));
  away = false;
  await writer.close();
  assert.deepEqual(seen, ["a", "b"]);
  assert.match(lines.join(""), /"dropped":2/);
});

test("gives up a stop that takes too long, and counts what is lost", async () => {
  const { writer, lines } = setUp(() => Promise.reject(new Error("away")), { closeTimeoutMs: 50 });
  writer.record(row("a"));
  await writer.close();
  assert.match(lines.at(-1) ?? "", /"lost":1/);
});

test("gives up a stop too when the database never answers", async () => {
  const { writer, lines } = setUp(() => new Promise<never>(() => undefined), { closeTimeoutMs: 50 });
  writer.record(row("a"));
  await writer.close();
  assert.match(lines.at(-1) ?? "", /"lost":1/);
});
