// Owns the tokens of links that work once: random, known only by their hash afterwards.

import { randomBytes } from "node:crypto";
import { hashText } from "../../../platform/hash-text.ts";

/** 256 random bits. */
export function createOneTimeToken(): { readonly token: string; readonly hash: string } {
  const token = randomBytes(32).toString("base64url");
  return { token, hash: hashText(token) };
}

/** The token stands behind `#`, which browsers keep from servers, logs and other sites. */
export function createLinkUrl(origin: string, page: "accept-invitation" | "reset-password", token: string): string {
  return `${origin}/${page}#${token}`;
}
