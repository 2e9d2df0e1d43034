// A rotation of the secret key over HTTP: keys, providers, the audit log and repeated requests outlive it and a restart.

import assert from "node:assert/strict";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RotationView } from "@auxot/wire/operations/secrets";
import { createSecret } from "../src/platform/secret-text.ts";
import type { DeclaredProvider } from "../src/records/providers/providers.ts";
import { readAuthenticatorCode } from "./harness/authenticator.ts";
import { openBrowser } from "./harness/browser.ts";
import { makeOwner, ownerPassword } from "./harness/owner.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const openai: DeclaredProvider = {
  name: "openai",
  kind: "cloud",
  cloud: {
    dialect: "openai-chat",
    baseUrl: "http://127.0.0.1:1/v1",
    apiKey: createSecret("sk-upstream"),
    models: [{ id: "m", aliases: [] }],
    modelsDeclared: true,
    aliases: {},
  },
};

async function readRotation(app: TestRouter): Promise<RotationView> {
  const response = await app.get("/api/secrets/rotation");
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as RotationView;
}

test("nobody notices a rotation of the secret key, nor a restart after it", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "auxot-test-"));
  const options = { dataDir: directory.path, providers: [openai] };
  let key: string;
  let created: unknown;
  let cookies: ReadonlyMap<string, string>;
  let totpURI: string;
  const repeated = { headers: { "idempotency-key": "once" } };
  {
    await using app = await startTestRouter(options);
    const before = await readRotation(app);
    created = await (await app.post("/api/keys", { name: "app" }, repeated)).json();
    ({ key } = created as { key: string });
    const { browser } = await makeOwner(app);
    ({ totpURI } = (await browser.ask("/api/auth/two-factor/enable", { password: ownerPassword })).body);
    await browser.ask("/api/auth/two-factor/verify-totp", { code: readAuthenticatorCode(totpURI, Date.now()) });
    ({ cookies } = browser);
    const tried = await app.post("/api/secrets/rotate-key?dryRun=true", {});
    assert.equal(((await tried.json()) as { dryRun: boolean }).dryRun, true);
    assert.equal((await readRotation(app)).currentKeyId, before.currentKeyId);

    const rotated = (await (await app.post("/api/secrets/rotate-key", {})).json()) as {
      previousKeyId: string;
      texts: number;
    };
    assert.equal(rotated.previousKeyId, before.currentKeyId);
    assert.ok(rotated.texts >= 5, "a provider, working keys and an answer");
    let after = await readRotation(app);
    while (after.left > 0) after = await readRotation(app);
    assert.deepEqual(
      after.keys.map(({ state, available }) => [state, available]),
      [
        ["current", true],
        ["previous", true],
      ],
    );
    assert.deepEqual(await (await app.post("/api/keys", { name: "app" }, repeated)).json(), created);
    const early = await app.post("/api/secrets/retire-key", { id: before.currentKeyId });
    assert.equal(early.status, 409);
    assert.equal((await app.post("/api/secrets/rotate-key", {}, { key })).status, 403);
  }
  assert.equal((await readFile(join(directory.path, "secret.key"), "utf8")).trim().split("\n").length, 2);
  await using app = await startTestRouter(options);
  assert.equal((await app.get("/v1/models", { key })).status, 200);
  assert.deepEqual(await (await app.post("/api/keys", { name: "app" }, repeated)).json(), created);
  const owner = { email: "olga@example.com", password: ownerPassword };
  assert.equal((await openBrowser(app.url, cookies).ask("/api/keys")).status, 200, "whoever was signed in still is");
  const again = openBrowser(app.url);
  assert.equal((await again.ask("/api/auth/sign-in/email", owner)).body.twoFactorRedirect, true);
  const code = readAuthenticatorCode(totpURI, Date.now());
  assert.equal((await again.ask("/api/auth/two-factor/verify-totp", { code })).status, 200, "authenticator apps too");
  assert.ok(!app.log.some(({ message }) => String(message).includes("cannot be opened")));
  const proof = (await (await app.get("/api/audit/verify")).json()) as { ok: boolean; anchors: { good: number } };
  assert.equal(proof.ok, true, JSON.stringify(proof));
  assert.ok(proof.anchors.good >= 1);
  const audit = (await (await app.get("/api/audit?action=secrets.*")).json()) as {
    items: { action: string; outcome: string }[];
  };
  assert.deepEqual(
    audit.items.map(({ action, outcome }) => `${action} ${outcome}`),
    ["secrets.rotate-key denied", "secrets.retire-key failure", "secrets.rotate-key success"],
  );
});

test("with a key of the environment a rotation says what to do first", async () => {
  await using app = await startTestRouter({
    config: { secretKey: createSecret("a secret key of thirty-two letters") },
  });
  const refused = await app.post("/api/secrets/rotate-key", {});
  assert.equal(refused.status, 409);
  assert.match(await refused.text(), /On every router set AUXOT_SECRET_KEY to a new one/);
  const wrong = await app.post("/api/secrets/retire-key", { id: "nothing" });
  assert.equal(wrong.status, 404);
});
