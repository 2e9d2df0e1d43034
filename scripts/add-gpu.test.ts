import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { findGpuPackages } from "./add-gpu.ts";

test("every build it would fetch is one that npm ci leaves out", () => {
  const root = JSON.parse(readFileSync(path.join(import.meta.dirname, "../package.json"), "utf8")) as {
    overrides: Record<string, string>;
  };
  for (const kind of ["cuda", "vulkan"]) {
    for (const name of findGpuPackages("linux-x64", kind) ?? [])
      assert.ok(root.overrides[`@node-llama-cpp/${name}`], name);
  }
  assert.equal(findGpuPackages("darwin-arm64", "cuda"), undefined);
  assert.equal(findGpuPackages("linux-x64", "rocm"), undefined);
});
