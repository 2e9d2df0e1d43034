// Owns IP addresses and ranges of them: reading, comparing, and whom a chain of proxies passes a request on for.

import { BlockList, isIP, isIPv6 } from "node:net";

/** Addresses that begin with the same bits. */
export type Range = { readonly address: string; readonly prefix: number; readonly family: "ipv4" | "ipv6" };

/** Of an address or a range like 10.0.0.0/8; undefined for anything else. */
export function readRange(text: string): Range | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  if (isIP(address) === 0 || address.includes("%") || rest.length > 0) return undefined;
  const bits = isIPv6(address) ? 128 : 32;
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)) return undefined;
  return { address, prefix: Number(prefix ?? bits), family: bits === 128 ? "ipv6" : "ipv4" };
}

/** Whether an address lies in one of the entries; entries that are no ranges are left out. */
export function createRangeCheck(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const range = readRange(entry);
    if (range !== undefined) list.addSubnet(range.address, range.prefix, range.family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** Whether every address of `inner` lies in `outer`. False where one of them is no range. */
export function isRangeWithin(inner: string, outer: string): boolean {
  const [within, around] = [readRange(inner), readRange(outer)];
  if (within === undefined || around === undefined || within.family !== around.family) return false;
  return around.prefix <= within.prefix && createRangeCheck([outer])(within.address);
}

/** IPv4 addresses that come in IPv6's notation (`::ffff:192.0.2.1`), as servers for both see them, in their own. */
export function normalizeAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? address;
}

/**
 * Who sent a request: the address nearest to us that is no proxy we trust. `forwardedFor` is the header's value, to which
 * each proxy adds whom it had the request from; what stands before the first address that is not trusted is anybody's claim.
 * Null where a proxy we trust does not say whom (`unknown`): its own address is not the sender's.
 */
export function findClientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string | null {
  if (peer === undefined) return null;
  let nearest = normalizeAddress(peer);
  if (forwardedFor === undefined || forwardedFor.trim() === "") return nearest;
  for (const hop of forwardedFor.split(",").toReversed()) {
    if (!isTrusted(nearest)) return nearest;
    const address = normalizeAddress(
      hop
        .trim()
        .replace(/^\[(.*)\](:\d+)?$/, "$1")
        .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1"),
    );
    if (isIP(address) === 0) return null;
    nearest = address;
  }
  return nearest;
}
