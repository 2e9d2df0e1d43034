import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { traitsOverrideSchema } from "../packages/wire/src/model-traits.ts";

test("every trait that may be declared is explained in the guide", () => {
  const page = readFileSync(path.join(import.meta.dirname, "../docs/guide/providers.md"), "utf8");
  for (const trait of Object.keys(traitsOverrideSchema.shape)) {
    const where = ["tools", "images", "documents"].includes(trait) ? `${trait}: ` : `\`${trait}\``;
    assert.ok(page.includes(where), trait);
  }
});
