// All unit tests (those beside the source) in one process: loading a file costs more than its tests do.

import { globSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const root = path.join(import.meta.dirname, "..");
const files = globSync(["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"], { cwd: root });

for (const file of files.toSorted()) {
  try {
    await import(pathToFileURL(path.join(root, file)).href);
  } catch (error) {
    // One broken file must not hide the others.
    test(`${file} can be loaded`, () => {
      throw error;
    });
  }
}
