// The headers of everything a person's browser shows, and the question whether a person asks.

import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Only files of this router are loaded and only this router is spoken to. No inline script or style, no frame around a
 * page, and no form is sent by the browser itself: a password cannot end in an address.
 */
export const securityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

export function setPageHeaders(response: ServerResponse): void {
  response.setHeader("content-security-policy", securityPolicy);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cross-origin-opener-policy", "same-origin");
  response.setHeader("cross-origin-resource-policy", "same-origin");
}

/** Browsers name HTML when they open an address; scripts and programs do not. */
export function wantsPage({ method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  return (method === "GET" || method === "HEAD") && (headers.accept ?? "").includes("text/html");
}
