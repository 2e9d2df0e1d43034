import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { readLicence, readVendorKey } from "../packages/server/src/platform/licence.ts";

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [path.join(import.meta.dirname, "run.js"), ...args], { encoding: "utf8" });
}

test("a vendor makes a key pair and signs a licence that a router with the public key takes", () => {
  using directory = mkdtempDisposableSync(path.join(tmpdir(), "auxot-test-"));
  const file = path.join(directory.path, "vendor.pem");
  const made = run("make-vendor-key", file);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(run("make-vendor-key", file).status, 1, "never overwritten");

  const wanted = ["--key", file, "--holder", "Example Ltd", "--tier", "team"];
  const signed = run("sign-licence", ...wanted, "--seats", "5", "--expires", "2027-12-31", "--features", "sso, scim");
  assert.equal(signed.status, 0, signed.stderr);
  const state = readLicence(signed.stdout, readVendorKey(made.stdout), Date.now());
  assert.ok(state.kind === "valid");
  const { holder, seats, features, expiresAt, graceDays } = state.licence;
  assert.deepEqual(
    { holder, seats, features, expiresAt, graceDays },
    {
      holder: "Example Ltd",
      seats: 5,
      features: ["sso", "scim"],
      expiresAt: "2027-12-31T00:00:00.000Z",
      graceDays: 30,
    },
  );
  assert.match(run("sign-licence", ...wanted, "--expires", "tomorrow").stderr, /--expires must be a day/);
  assert.match(run("sign-licence", "--key", file).stderr, /required[^]*Usage/);
});
