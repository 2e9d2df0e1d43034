// Owns the question from which address a request came, when proxies stand in front.

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { createAllowList } from "../platform/fetch-guard/addresses.ts";

export type ReadAddress = (request: Pick<IncomingMessage, "headers" | "socket">) => string;

/** Believes `X-Forwarded-For` as far as `trustedProxies` (addresses, ranges) wrote it: from its end to the first stranger. */
export function createReadAddress(trustedProxies: readonly string[]): ReadAddress {
  const trusted = createAllowList(trustedProxies);
  return ({ headers, socket }) => {
    let address = plain(socket.remoteAddress ?? "");
    const told = String(headers["x-forwarded-for"] ?? "").split(",");
    while (trusted.hasAddress(address)) {
      const next = plain((told.pop() ?? "").trim());
      if (isIP(next) === 0) break;
      address = next;
    }
    return address;
  };
}

/** ::ffff:10.0.0.1 is 10.0.0.1. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
