import assert from "node:assert/strict";
import { test } from "node:test";
import { findNearMatches } from "./near-matches.ts";

test("finds what was mistyped, cut short or turned around, the nearest first, and nothing where nothing is near", () => {
  const words = ["verify", "keys create", "workers", "gpt-4o", "gpt-4o-mini"];
  assert.deepEqual(findNearMatches("verfiy", words), ["verify"]);
  assert.deepEqual(findNearMatches("work", words), ["workers"]);
  assert.deepEqual(findNearMatches("keys creat", words), ["keys create"]);
  assert.deepEqual(findNearMatches("GPT4o", words), ["gpt-4o", "gpt-4o-mini"]);
  assert.deepEqual(findNearMatches("deploy", words), []);
});
