import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesPattern, newLimitSchema } from "./limit.ts";

const plain = { subject: { type: "key", id: "key_1" }, measure: "tokens", window: "day", amount: 10 };

function findPath(limit: object): string | undefined {
  const parsed = newLimitSchema.safeParse(limit);
  return parsed.success ? undefined : parsed.error.issues[0]?.path.join(".");
}

test("a limit without an action blocks, and counts for all models", () => {
  assert.deepEqual(newLimitSchema.parse(plain), { ...plain, action: "block", model: null });
  const org = { ...plain, subject: { type: "org" } };
  assert.deepEqual(newLimitSchema.parse(org).subject, { type: "org", id: "" });
  assert.equal(newLimitSchema.parse({ ...org, measure: "concurrency", window: undefined }).window, null);
});

test("what contradicts itself is refused at the field that should change", () => {
  assert.equal(findPath({ ...plain, measure: "concurrency" }), "window");
  assert.equal(findPath({ ...plain, window: undefined }), "window");
  assert.equal(findPath({ ...plain, measure: "money", window: "minute" }), "window");
  assert.equal(findPath({ ...plain, action: "throttle" }), "action");
  assert.equal(findPath({ ...plain, window: "minute", action: "throttle" }), undefined);
  assert.equal(findPath({ ...plain, subject: { type: "org", id: "x" } }), "subject.id");
  assert.equal(findPath({ ...plain, subject: { type: "team" } }), "subject.id");
  assert.equal(findPath({ ...plain, amount: -1 }), "amount");
  assert.equal(findPath({ ...plain, amount: 1.5 }), "amount");
  assert.equal(findPath({ ...plain, model: "a*b" }), "model");
  assert.equal(findPath({ ...plain, subject: { type: "planet", id: "earth" } }), "subject.type");
});

test("a pattern is a model's id, one with its provider, or the beginning of either", () => {
  const place = { provider: "anthropic", model: "claude-opus-9" };
  for (const pattern of [null, "claude-opus-9", "anthropic/claude-opus-9", "claude-*", "anthropic/*", "*"])
    assert.equal(matchesPattern(pattern, place), true, String(pattern));
  for (const pattern of ["claude", "claude-sonnet*", "openai/*"])
    assert.equal(matchesPattern(pattern, place), false, pattern);
});
