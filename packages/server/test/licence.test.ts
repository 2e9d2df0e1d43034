// Licences over HTTP: installed and shown; an ended one makes features read-only and stops nothing.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { LicenceView } from "@auxot/wire/operations/licence";
import { writeLicence, type Licence } from "../src/platform/licence.ts";
import { openLicensing } from "../src/records/licence/licensing.ts";
import { createLicenceStore } from "../src/records/licence/store.ts";
import { openTestDatabase } from "./harness/database.ts";
import { quietLog as log } from "./harness/quiet-log.ts";
import { startTestRouter, type TestRouter } from "./harness/router.ts";

const vendor = generateKeyPairSync("ed25519");
const licence: Licence = {
  id: "lic_1",
  holder: "Example Ltd",
  tier: "business",
  seats: 50,
  features: ["sso"],
  issuedAt: "2026-01-01T00:00:00Z",
  expiresAt: "2099-01-01T00:00:00Z",
  graceDays: 30,
};
const text = writeLicence(licence, vendor.privateKey);

async function show(app: TestRouter): Promise<LicenceView> {
  return (await (await app.get("/api/licence")).json()) as LicenceView;
}

function install(app: TestRouter, given: string, key = app.key): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(`${app.url}/api/licence`, { method: "PUT", headers, body: JSON.stringify({ licence: given }) });
}

test("without a vendor key everything is on and nothing can be installed", async () => {
  await using app = await startTestRouter();
  assert.deepEqual(await show(app), {
    state: "unrestricted",
    message: "No vendor key is configured: everything is on.",
    holder: null,
    tier: null,
    seats: null,
    features: [],
    expiresAt: null,
    graceEndsAt: null,
  });
  assert.equal((await install(app, text)).status, 409);
});

test("a licence is installed by the owner, shown to all who administer, and refused when it does not count", async () => {
  await using app = await startTestRouter({ config: { vendorKey: vendor.publicKey } });
  assert.equal((await show(app)).state, "none");
  const forged = writeLicence(licence, generateKeyPairSync("ed25519").privateKey);
  const ended = writeLicence({ ...licence, expiresAt: "2026-02-01T00:00:00Z" }, vendor.privateKey);
  for (const [wrong, words] of [
    ["nonsense", /It is no licence/],
    [forged, /not signed by the vendor/],
    [ended, /ended on 2026-02-01/],
  ] as const) {
    const refused = await install(app, wrong);
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), words);
  }
  const taken = await install(app, text);
  assert.equal(taken.status, 200, await taken.clone().text());
  const view = await show(app);
  assert.deepEqual([view.state, view.holder, view.seats, view.features], ["valid", "Example Ltd", 50, ["sso"]]);
  const plain = (await (await app.post("/api/keys", { name: "plain" })).json()) as { key: string };
  assert.equal((await install(app, text, plain.key)).status, 403);
});

test("features of an ended licence are read-only, and those of another router's new one are not", async () => {
  await using database = await openTestDatabase();
  const state = { now: Date.parse("2099-03-01T00:00:00Z") };
  const clock = { now: () => state.now };
  const store = createLicenceStore(database);
  await store.save(database.db, text, new Date(), "test");
  const open = () => openLicensing({ store, vendorKey: vendor.publicKey, clock, log });
  const licensing = await open();
  assert.throws(() => licensing.requireWritable("sso"), {
    code: "forbidden",
    message: /"sso" is read-only.*Inference goes on/,
  });
  state.now = Date.parse("2099-01-15T00:00:00Z");
  licensing.requireWritable("sso");
  state.now = Date.parse("2099-03-01T00:00:00Z");
  await store.save(database.db, writeLicence({ ...licence, expiresAt: null }, vendor.privateKey), new Date(), "test");
  await licensing.refresh();
  licensing.requireWritable("sso");
  licensing.close();
});
