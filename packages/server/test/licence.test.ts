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

test("a feature that the licence does not include is seen and taken away from, and not changed", async () => {
  const withTeams = writeLicence({ ...licence, features: ["teams"] }, vendor.privateKey);
  const without = writeLicence({ ...licence, features: ["sso"] }, vendor.privateKey);
  await using app = await startTestRouter({ config: { vendorKey: vendor.publicKey } });
  const send = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${app.key}`, ...(body && { "content-type": "application/json" }) };
    const response = await fetch(app.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
  };
  const refused = async (method: string, path: string, body: object, words: RegExp): Promise<void> => {
    const answer = await send(method, path, body);
    assert.equal(answer.status, 403, path);
    assert.match(String(answer.body["detail"]), words);
  };
  await refused(
    "POST",
    "/api/teams",
    { name: "Search" },
    /"teams" is read-only: it needs a licence\. No licence is installed/,
  );
  await install(app, withTeams);
  const team = String((await send("POST", "/api/teams", { name: "Search" })).body["id"]);
  const service = String((await send("POST", "/api/service-accounts", { name: "bot", team })).body["id"]);
  const makeMember = async (name: string) => String((await send("POST", "/api/service-accounts", { name })).body["id"]);
  const [first, second] = [await makeMember("first"), await makeMember("second")];
  assert.equal((await send("PUT", `/api/teams/${team}/members/${first}`, { role: "owner" })).status, 200);
  assert.equal((await send("PUT", `/api/teams/${team}/members/${second}`, { role: "admin" })).status, 200);
  const { key } = (await send("POST", "/api/keys", { name: "ci", owner: team })).body;
  await refused(
    "POST",
    "/api/roles",
    { name: "R", actions: ["audit.read"] },
    /"roles" is read-only: the licence \(business\)/,
  );

  await install(app, without);
  const words = /"teams" is read-only: the licence \(business\) does not include it/;
  await refused("POST", "/api/teams", { name: "Ads" }, words);
  await refused("POST", "/api/teams?dryRun=true", { name: "Ads" }, words);
  await refused("PATCH", `/api/teams/${team}`, { name: "Find" }, words);
  await refused("PUT", `/api/teams/${team}/members/${second}`, { role: "member" }, words);
  await refused("POST", `/api/service-accounts/${service}/enable`, {}, words);
  assert.equal((await send("GET", `/api/teams/${team}`)).body["name"], "Search");
  assert.equal((await app.get("/v1/models", { key: String(key) })).status, 200, "inference goes on");
  assert.equal((await send("POST", "/api/keys", { name: "another" })).status, 200, "keys need no licence");
  assert.equal((await send("DELETE", `/api/teams/${team}/members/${second}`)).status, 200);
  assert.equal((await send("POST", `/api/service-accounts/${service}/disable`, {})).status, 200);
  assert.equal((await send("DELETE", `/api/teams/${team}`)).status, 200);
});

test("a licence for a number of people has seats for no more", async () => {
  await using database = await openTestDatabase();
  const store = createLicenceStore(database);
  const open = () => openLicensing({ store, vendorKey: vendor.publicKey, clock: { now: Date.now }, log });
  const none = await open();
  none.requireSeat(1_000_000);
  none.close();
  await store.save(database.db, text, new Date(), "test");
  const licensing = await open();
  licensing.requireSeat(49);
  assert.throws(() => licensing.requireSeat(50), {
    code: "forbidden",
    message: /licence of Example Ltd is for 50 people, and 50 are here/,
  });
  licensing.close();
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
