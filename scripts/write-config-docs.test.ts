import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { environmentFields } from "../packages/server/src/config/fields.ts";
import { configPage, fillConfigPage } from "./write-config-docs.ts";

const root = path.join(import.meta.dirname, "..");

test("the guide's page on configuration says what the code says", () => {
  const page = readFileSync(path.join(root, configPage), "utf8");
  assert.equal(page, fillConfigPage(page), `${configPage} is stale. Run: node scripts/run.js write-config-docs`);
});

test("every variable the router reads is in the list the page is made from", () => {
  const source = readFileSync(path.join(root, "packages/server/src/config.ts"), "utf8");
  const read = [...source.matchAll(/^ {2}(AUXOT_\w+):/gm)].map(([, name]) => name);
  const listed: readonly string[] = environmentFields.map((field) => field.name);
  // Read only to say that it is not supported yet.
  assert.deepEqual(read.filter((name) => name !== "AUXOT_REDIS_URL").toSorted(), listed.toSorted());
});
