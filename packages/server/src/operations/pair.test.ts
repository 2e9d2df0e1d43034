import assert from "node:assert/strict";
import { test } from "node:test";
import { createKey, listKeys } from "@auxot/wire/operations/keys";
import { findUnpaired } from "./pair.ts";

test("an operation that nobody does, two do, or that is not declared is named", () => {
  const declared = [createKey, listKeys] as never[];
  assert.deepEqual(findUnpaired(declared, [does(createKey), does(listKeys)]), []);
  assert.deepEqual(findUnpaired(declared, [does(createKey), does(createKey)]), [
    "keys.create has 2 handlers.",
    "keys.list is declared but has no handler.",
  ]);
  assert.deepEqual(findUnpaired([], [does(createKey)]), ["keys.create has a handler but is not in allOperations."]);
  assert.deepEqual(findUnpaired([createKey] as never[], [does({ ...createKey })]), [
    "keys.create is done as another declaration.",
  ]);
});

function does(operation: typeof createKey | typeof listKeys): { readonly operation: never } {
  return { operation: operation as never };
}
