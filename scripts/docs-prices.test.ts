import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { unknownPrice } from "../packages/wire/src/price.ts";

test("the guide says what limits count for models without a price as the code has it", () => {
  const [input, output] = [unknownPrice.inputMicroUsd, unknownPrice.outputMicroUsd].map((rate) => rate / 1_000_000);
  for (const page of ["limits.md", "usage.md"]) {
    const text = readFileSync(path.join(import.meta.dirname, "../docs/guide", page), "utf8").replaceAll(/\s+/g, " ");
    assert.ok(text.includes(`$${input} for a million tokens of prompt and $${output} of answer`), page);
  }
});
