import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAllowList, isAllowEntry, isPublicAddress } from "./addresses.ts";

describe("an address", () => {
  const refused: readonly (readonly [kind: string, ...addresses: string[]])[] = [
    ["unspecified", "0.0.0.0", "0.1.2.3", "::"],
    ["loopback", "127.0.0.1", "127.255.255.254", "::1"],
    ["private", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
    ["link-local, cloud metadata among them", "169.254.169.254", "169.254.0.1", "fe80::1", "febf::1"],
    ["of a carrier's NAT", "100.64.0.1", "100.127.255.255", "100.100.100.200"],
    ["multicast or broadcast", "224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1", "ff0e::1"],
    ["reserved", "240.0.0.1", "192.0.0.192", "192.88.99.1", "198.18.0.1", "4000::1", "5f00::1", "e000::1", "100::1"],
    ["for documentation", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff::1"],
    ["of Azure's host agent", "168.63.129.16"],
    ["unique local", "fc00::1", "fd00:ec2::254"],
    ["site-local", "fec0::1"],
    ["IPv4 inside IPv6", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8", "::127.0.0.1", "::7f00:1"],
    ["6to4, NAT64 or Teredo", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:0:7f00:1::", "2001:0::1"],
    ["no address", "", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5", "fe80::1%eth0"],
  ];
  for (const [kind, ...addresses] of refused) {
    it(`that is ${kind} is not public`, () => {
      for (const address of addresses) assert.equal(isPublicAddress(address), false, address);
    });
  }

  it("of the internet is public, also just beside the special ranges", () => {
    const addresses = [
      "1.1.1.1",
      "8.8.8.8",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "126.255.255.255",
      "128.0.0.0",
    ];
    const more = ["169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "223.255.255.255"];
    const ipv6 = ["2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2001:200::1", "2001:4860:4860::8888", "2003::1"];
    for (const address of [...addresses, ...more, ...ipv6]) assert.equal(isPublicAddress(address), true, address);
  });
});

describe("the list of hosts an operator allows", () => {
  it("takes addresses, ranges, names and names below a name, and nothing else", () => {
    for (const entry of [
      "10.0.0.1",
      "10.0.0.0/8",
      "::1",
      "fd00::/8",
      "images.internal",
      "*.corp.example",
      "nas",
      "A.b",
    ])
      assert.equal(isAllowEntry(entry), true, entry);
    const bad = [
      "",
      "*",
      "*.",
      ".a",
      "10.0.0.0/33",
      "10.0.0.0/",
      "10.0.0/8",
      "http://a",
      "a:80",
      "a/b",
      "a b",
      "a.",
      "127.1",
    ];
    for (const entry of [...bad, "0x7f.1", "2130706433", "fd00::/129", "*.*.a", "a*.b"])
      assert.equal(isAllowEntry(entry), false, entry);
  });

  it("has what it lists and nothing beside it", () => {
    const list = createAllowList(["10.2.0.0/16", "::1", "Images.internal", "*.corp.example"]);
    for (const address of ["10.2.0.1", "10.2.255.255", "::1", "::ffff:10.2.0.1"])
      assert.equal(list.hasAddress(address), true, address);
    for (const address of ["10.3.0.0", "127.0.0.1", "::2", "images.internal"])
      assert.equal(list.hasAddress(address), false, address);
    for (const name of ["images.internal", "a.corp.example", "a.b.corp.example"])
      assert.equal(list.hasName(name), true, name);
    for (const name of ["corp.example", "evilcorp.example", "x.images.internal", "images.internal.evil", "10.2.0.1"])
      assert.equal(list.hasName(name), false, name);
  });
});
