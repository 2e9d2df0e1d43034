// Serves what tells of the administrative API: the OpenAPI document for programs and the page for people. Both are made
// once, when first asked for, and hold nothing of the installation.

import { createHash } from "node:crypto";
import type { Operation } from "@auxot/wire/operations/define-operation";
import type { Context } from "../context.ts";
import { sendJson } from "../send-json.ts";
import { buildOpenapi } from "./document.ts";
import { pageStyle } from "./page-style.ts";
import { renderPage } from "./page.ts";

export type ApiDocuments = {
  /** JSON text. */
  openapi(): string;
  /** HTML text. */
  page(): string;
};

/** The page loads nothing and runs nothing: only its own style is let in, by its hash. */
export const pageSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(pageStyle).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function createApiDocuments(operations: readonly Operation[], version: string): ApiDocuments {
  let openapi: string | undefined;
  let page: string | undefined;
  return {
    openapi: () => (openapi ??= `${JSON.stringify(buildOpenapi(operations, version), null, 2)}\n`),
    page: () => (page ??= renderPage(buildOpenapi(operations, version), pageStyle)),
  };
}

export function handleOpenapi(documents: ApiDocuments, { response }: Context): void {
  response.setHeader("cache-control", "no-cache");
  sendJson(response, 200, documents.openapi());
}

export function handleApiPage(documents: ApiDocuments, { response }: Context): void {
  response.setHeader("cache-control", "no-cache");
  response.setHeader("content-security-policy", pageSecurityPolicy);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  sendJson(response, 200, documents.page(), "text/html; charset=utf-8");
}
