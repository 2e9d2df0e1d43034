import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { describeState, judgeFeature, readLicence, readVendorKey, writeLicence, type Licence } from "./licence.ts";

const vendor = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ed25519");
const day = (text: string) => Date.parse(`${text}T12:00:00Z`);

const licence: Licence = {
  id: "lic_1",
  holder: "Example Ltd",
  tier: "business",
  seats: 50,
  features: ["sso", "scim"],
  issuedAt: "2026-01-01T00:00:00Z",
  expiresAt: "2027-01-01T00:00:00Z",
  graceDays: 30,
};
const text = writeLicence(licence, vendor.privateKey);

test("without a vendor key everything is on, whatever is installed", () => {
  for (const given of [undefined, text, "nonsense"]) {
    const state = readLicence(given, undefined, day("2030-01-01"));
    assert.deepEqual(state, { kind: "unrestricted" });
    assert.equal(judgeFeature(state, "sso").writable, true);
  }
});

test("a licence counts until its end, then for its days of grace, then features are read-only", () => {
  const at = (moment: string) => readLicence(text, vendor.publicKey, day(moment));
  assert.deepEqual(at("2026-06-01"), { kind: "valid", licence });
  assert.equal(describeState(at("2026-06-01")), "Licensed to Example Ltd until 2027-01-01.");
  assert.equal(judgeFeature(at("2026-06-01"), "sso").writable, true);

  assert.equal(at("2027-01-10").kind, "grace");
  assert.equal(judgeFeature(at("2027-01-10"), "sso").writable, true);
  assert.match(describeState(at("2027-01-10")), /Everything goes on until 2027-01-31.*Inference never stops/);

  assert.equal(at("2027-01-31").kind, "expired");
  assert.deepEqual(judgeFeature(at("2027-02-01"), "sso"), {
    writable: false,
    because:
      '"sso" is read-only. The licence ended on 2027-01-01, its days of grace on 2027-01-31. Licensed features are ' +
      "read-only until a new one is installed. Inference goes on.",
  });
  assert.equal(
    readLicence(writeLicence({ ...licence, expiresAt: null }, vendor.privateKey), vendor.publicKey, day("2099-01-01"))
      .kind,
    "valid",
  );
});

test("a licence opens what it names, and all with a star", () => {
  const state = readLicence(text, vendor.publicKey, day("2026-06-01"));
  assert.deepEqual(judgeFeature(state, "audit-stream"), {
    writable: false,
    because: '"audit-stream" is read-only: the licence (business) does not include it.',
  });
  const all = readLicence(
    writeLicence({ ...licence, features: ["*"] }, vendor.privateKey),
    vendor.publicKey,
    day("2026-06-01"),
  );
  assert.equal(judgeFeature(all, "audit-stream").writable, true);
});

test("a licence survives line breaks, and nothing else", () => {
  const now = day("2026-06-01");
  const wrapped = ` ${text.slice(0, 40)}\n${text.slice(40, 90)}\r\n${text.slice(90)}\n`;
  assert.equal(readLicence(wrapped, vendor.publicKey, now).kind, "valid");
  const [start, , signature] = text.split(".");
  const more = Buffer.from(JSON.stringify({ ...licence, seats: 5000 })).toString("base64url");
  for (const [changed, problem] of [
    [`${start}.${more}.${signature}`, /not signed by the vendor of this Auxot, or was changed/],
    [writeLicence(licence, stranger.privateKey), /not signed by the vendor/],
    [text.slice(0, -4), /not signed by the vendor/],
    [`${text}.x`, /It is no licence/],
    ["", /It is no licence/],
    ["auxot_lic9.a.b", /begins with auxot_lic1/],
    [writeLicence({ ...licence, issuedAt: "2028-01-01T00:00:00Z" }, vendor.privateKey), /begins on 2028-01-01.*clock/],
  ] as const) {
    const state = readLicence(changed, vendor.publicKey, now);
    assert.equal(state.kind, "invalid");
    assert.match(describeState(state), problem);
    assert.equal(judgeFeature(state, "sso").writable, false);
  }
  assert.equal(readLicence(undefined, vendor.publicKey, now).kind, "none");
});

test("a vendor key is read as PEM or as its 32 bytes, and nothing else is one", () => {
  const pem = vendor.publicKey.export({ type: "spki", format: "pem" }).toString();
  const raw = Buffer.from(vendor.publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");
  for (const form of [pem, raw]) assert.ok(readVendorKey(form).equals(vendor.publicKey));
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" });
  for (const wrong of ["", "short", rsa.toString()])
    assert.throws(() => readVendorKey(wrong), /must be an Ed25519 public key/);
});
