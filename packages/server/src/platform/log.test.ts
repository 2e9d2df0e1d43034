import assert from "node:assert/strict";
import { test } from "node:test";
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
