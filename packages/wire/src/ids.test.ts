import assert from "node:assert/strict";
import { test } from "node:test";
import { createId } from "./ids.ts";

test("ids have their prefix and length and never come twice", () => {
  const ids = Array.from({ length: 20_000 }, () => createId("req_"));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^req_[0-9A-Za-z]{24}$/);
});
