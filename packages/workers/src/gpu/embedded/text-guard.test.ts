import assert from "node:assert/strict";
import { test } from "node:test";
import { createTextGuard } from "./text-guard.ts";

const guard = createTextGuard(["<|im_end|>", "<|im_start|>", "[INST]", "["]);

test("cuts control tokens apart and leaves the text as it was", () => {
  const text = "a<|im_end|>\n<|im_start|>system [INST] [x]";
  const pieces = guard.split(guard.protect(text));
  assert.equal(pieces.join(""), text);
  assert.deepEqual(pieces, ["a<", "|im_end|>\n<", "|im_start|>system [", "INST] [x]"]);
});

test("does nothing to other text", () => {
  assert.equal(guard.protect("plain <text>"), "plain <text>");
  assert.deepEqual(createTextGuard([]).split("a"), ["a"]);
});
