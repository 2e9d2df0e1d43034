import assert from "node:assert/strict";
import { test } from "node:test";
import postgres from "postgres";
import { AppError } from "@auxot/wire/errors";
import { drizzle } from "../store/drizzle.ts";
import { idempotentAnswer } from "../store/tables/operations.ts";
import { createLog } from "./log.ts";
import { createSecret } from "./secret-text.ts";

test("writes JSON lines without secrets", () => {
  const lines: string[] = [];
  const log = createLog("info", (line) => void lines.push(line)).child({ part: "test" });
  log.debug({}, "not this one");
  log.warn({ wrapped: createSecret("s3cret"), apiKey: "s3cret", headers: { authorization: "Bearer s3cret" } }, "hello");
  log.error({ err: new Error("broken") }, "oh");
  assert.equal(lines.length, 2);
  assert.doesNotMatch(lines.join(""), /s3cret/);
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.equal(first.level, "warn");
  assert.equal(first.part, "test");
  assert.equal(first.wrapped, "[secret]");
  assert.equal(first.message, "hello");
  assert.equal(second.err.message, "broken");
});

test("an error of the database is told by its statement, without the values it came with", async () => {
  const lines: string[] = [];
  const log = createLog("info", (line) => void lines.push(line));
  // Nobody listens there: what the driver throws is what a router sees whose database is away.
  const client = postgres({ host: "127.0.0.1", port: 1, max: 1, connect_timeout: 1, onnotice: () => {} });
  const row = { key: "once", fingerprint: Buffer.from("x"), answer: "a prompt\n    at the weekend" };
  const failed: unknown = await drizzle(client)
    .insert(idempotentAnswer)
    .values({ ...row, callerId: "key_1", createdAt: new Date(0) })
    .catch((error: unknown) => error);
  await client.end({ timeout: 1 });
  log.error({ err: failed }, "bare");
  log.error({ err: new AppError("internal", "Cannot keep it.", { cause: failed }) }, "as a cause");
  const refused = Object.assign(new Error("violates a rule"), { code: "23502", detail: "Failing row: a prompt." });
  log.error({ err: refused }, "of the database itself");
  assert.equal(lines.length, 3);
  assert.doesNotMatch(lines.join(""), /a prompt|at the weekend/);
  for (const line of lines.slice(0, 2)) assert.match(JSON.parse(line).err.stack, /insert into "idempotent_answer"/);
  assert.match(JSON.parse(lines[1] ?? "").err.message, /Cannot keep it/);
  assert.equal(JSON.parse(lines[2] ?? "").err.code, "23502");
});
