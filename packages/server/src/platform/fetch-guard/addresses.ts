// Which IP addresses belong to the public internet, and which hosts an operator listed beside them. Resolves no names.

import { isIP } from "node:net";
import { createRangeCheck, readRange } from "../ip-ranges.ts";

/**
 * Everything IANA keeps for special purposes, and Azure's host agent, which has a public address that only its guests
 * reach. https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const specialIpv4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** Only these are given out for the internet: mapped, compatible and NAT64 addresses, ULA and link-local lie outside. */
const globalIpv6 = ["2000::/3"];

/** Protocol assignments with Teredo, documentation, 6to4, AS112. https://www.iana.org/assignments/iana-ipv6-special-registry */
const specialIpv6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

const isSpecialIpv4 = createRangeCheck(specialIpv4);
const isGlobalIpv6 = createRangeCheck(globalIpv6);
const isSpecialIpv6 = createRangeCheck(specialIpv6);

/** True only for a unicast address of the public internet; false for anything that is no address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !isSpecialIpv4(address);
    case 6:
      return isGlobalIpv6(address) && !isSpecialIpv6(address);
    default:
      return false;
  }
}

/** What an operator allows besides the public internet. */
export type AllowList = {
  hasAddress(address: string): boolean;
  /** `host` in small letters, without a dot at its end. */
  hasName(host: string): boolean;
};

const labels = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** An address, a range like 10.0.0.0/8, a host name, or `*.name` for every name below one. */
export function isAllowEntry(text: string): boolean {
  return readRange(text) !== undefined || readName(text) !== undefined;
}

/** Entries that are none are left out; the configuration was checked before. */
export function createAllowList(entries: readonly string[]): AllowList {
  const hasAddress = createRangeCheck(entries.filter((entry) => readRange(entry) !== undefined));
  const names = entries.map(readName).filter((name) => name !== undefined);
  return {
    hasAddress,
    hasName: (host) => names.some((name) => (name.startsWith(".") ? host.endsWith(name) : host === name)),
  };
}

/** `.name` for `*.name`. Names of digits alone would be read as addresses by every client. */
function readName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/^\*(?=\.)/, "");
  const bare = name.replace(/^\./, "");
  return labels.test(bare) &&
    !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(bare) &&
    name.length - bare.length === Number(text[0] === "*")
    ? name
    : undefined;
}
