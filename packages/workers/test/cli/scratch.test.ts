// The directory of a CLI worker's processes, and what becomes of those of workers that were killed.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { openScratch } from "../../src/cli/scratch.ts";
import { createTemporaryDirectory } from "../engine-harness.ts";

test("a worker's directory is for its owner only, and gone at its end", () => {
  const scratch = openScratch(createTemporaryDirectory());
  assert.equal(statSync(scratch.path).mode & 0o777, 0o700);
  mkdirSync(path.join(scratch.path, "one"));
  scratch.remove();
  assert.equal(existsSync(scratch.path), false);
});

test("what a killed worker left is removed by the next one, and nothing of one that runs", () => {
  const parent = createTemporaryDirectory();
  const running = openScratch(parent);
  const { pid: ended } = spawnSync(process.execPath, ["--version"]);
  const left = running.path.replace(`-${process.pid}-`, `-${ended}-`);
  mkdirSync(left);
  writeFileSync(path.join(left, "credential"), "secret");
  const [elsewhere, foreign] = [path.join(parent, `auxot-cli-1-${ended}-abcdef`), path.join(parent, "other")];
  for (const directory of [elsewhere, foreign]) mkdirSync(directory);
  const next = openScratch(parent);
  assert.equal(existsSync(left), false);
  for (const directory of [running.path, next.path, elsewhere, foreign]) assert.ok(existsSync(directory), directory);
});
