import assert from "node:assert/strict";
import { test } from "node:test";
import { createSetupLink, writeBanner, writeFirstKey, writeSetup } from "./banner.ts";

const base = {
  url: "http://127.0.0.1:8080",
  firstKey: undefined,
  hasBootstrapKey: false,
  model: "m",
  description: undefined,
  setupLink: undefined,
};

test("the first start shows the key, in every line that needs it", () => {
  const banner = writeBanner({ ...base, firstKey: "axk_new" });
  assert.match(writeFirstKey("axk_new"), /shown only this once:\n {4}axk_new\n/);
  assert.equal(banner.match(/axk_new/g)?.length, 5);
  assert.doesNotMatch(banner, /\$AUXOT_KEY/);
  assert.match(banner, /export AUXOT_URL=http:\/\/127\.0\.0\.1:8080 AUXOT_KEY=axk_new\n {4}npx auxot verify/);
});

test("later starts say where the key is to be had", () => {
  assert.match(writeBanner(base), /key from the first start/);
  assert.match(writeBanner({ ...base, hasBootstrapKey: true }), /the one in AUXOT_BOOTSTRAP_KEY/);
});

test("while nobody owns the installation, log and banner have the link that makes the owner", () => {
  const setupLink = createSetupLink("http://localhost:8080/setup", "setup_abc");
  assert.equal(setupLink, "http://localhost:8080/setup#token=setup_abc");
  assert.ok(writeSetup(setupLink).endsWith(setupLink));
  assert.match(writeBanner({ ...base, setupLink }), /\n {4}http:\/\/localhost:8080\/setup#token=setup_abc\n/);
  assert.doesNotMatch(writeBanner(base), /setup/);
});
