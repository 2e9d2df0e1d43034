import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { errorCodes } from "@auxot/wire/errors";

test("the guide's table of errors has every code with its status and types", () => {
  const page = readFileSync(path.join(import.meta.dirname, "../docs/guide/api.md"), "utf8");
  const rows = page.matchAll(/^\| `(\w+)` +\| (\d{3}) +\| `(\w+)` +\| `(\w+)` +\|/gm);
  const told = Array.from(rows, ([, code, status, openai, anthropic]) => [code, Number(status), openai, anthropic]);
  const known = Object.entries(errorCodes).map(([code, row]) => [code, row.status, row.openai, row.anthropic]);
  assert.deepEqual(told, known);
});
