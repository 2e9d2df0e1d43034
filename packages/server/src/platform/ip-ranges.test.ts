import assert from "node:assert/strict";
import { test } from "node:test";
import { createRangeCheck, findClientAddress, isRangeWithin, normalizeAddress } from "./ip-ranges.ts";

const isTrusted = createRangeCheck(["10.0.0.0/8", "2001:db8::/32"]);

test("without trusted proxies the peer is the caller, whatever the header claims", () => {
  assert.equal(
    findClientAddress("198.51.100.1", "203.0.113.7", () => false),
    "198.51.100.1",
  );
  assert.equal(
    findClientAddress("::ffff:198.51.100.1", undefined, () => false),
    "198.51.100.1",
  );
  assert.equal(findClientAddress(undefined, "203.0.113.7", isTrusted), null);
});

test("behind trusted proxies it is the last address that is none of them", () => {
  assert.equal(findClientAddress("10.0.0.1", "203.0.113.7", isTrusted), "203.0.113.7");
  assert.equal(findClientAddress("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2", isTrusted), "203.0.113.7");
  assert.equal(findClientAddress("::ffff:10.0.0.1", "[2001:db9::5]:4711", isTrusted), "2001:db9::5");
  assert.equal(findClientAddress("2001:db8::1", "203.0.113.7:8080", isTrusted), "203.0.113.7");
  assert.equal(findClientAddress("10.0.0.1", "10.0.0.3, 10.0.0.2", isTrusted), "10.0.0.3");
});

test("a trusted proxy that does not say whom it had a request from is not taken for its sender", () => {
  assert.equal(findClientAddress("10.0.0.1", "203.0.113.7, unknown", isTrusted), null);
  assert.equal(findClientAddress("10.0.0.1", "_hidden", isTrusted), null);
  assert.equal(findClientAddress("10.0.0.1", "unknown, 203.0.113.7", isTrusted), "203.0.113.7");
  assert.equal(findClientAddress("203.0.113.9", "unknown", isTrusted), "203.0.113.9");
  assert.equal(findClientAddress("10.0.0.1", "", isTrusted), "10.0.0.1");
  assert.equal(findClientAddress("10.0.0.1", undefined, isTrusted), "10.0.0.1");
});

test("a range lies in another of its family with as many or fewer bits", () => {
  assert.ok(isRangeWithin("10.1.0.0/16", "10.0.0.0/8"));
  assert.ok(isRangeWithin("10.1.2.3", "10.0.0.0/8"));
  assert.ok(isRangeWithin("10.0.0.0/8", "10.0.0.0/8"));
  assert.ok(isRangeWithin("2001:db8:1::/48", "2001:db8::/32"));
  assert.ok(!isRangeWithin("10.0.0.0/7", "10.0.0.0/8"));
  assert.ok(!isRangeWithin("11.0.0.0/16", "10.0.0.0/8"));
  assert.ok(!isRangeWithin("::/0", "0.0.0.0/0"));
  assert.ok(!isRangeWithin("nonsense", "0.0.0.0/0"));
});

test("IPv4 in IPv6's notation is IPv4", () => {
  assert.equal(normalizeAddress("::FFFF:192.0.2.1"), "192.0.2.1");
  assert.equal(normalizeAddress("2001:db8::1"), "2001:db8::1");
});
