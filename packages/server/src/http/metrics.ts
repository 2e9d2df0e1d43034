// GET /metrics for Prometheus: who may read it, and nothing of what is in it.

import { createHash, timingSafeEqual } from "node:crypto";
import { requireAccess } from "../platform/access/may.ts";
import type { Secret } from "../platform/secret-text.ts";
import { authenticate, readPresentedKeys, type Context, type Identify } from "./context.ts";

export type MetricsPage = {
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** `key`: an admin key, or the token. */
  readonly access: "open" | "key";
  readonly token?: Secret;
};

/** Throws `unauthenticated` or `forbidden`, with what would be right. */
export async function handleMetrics(page: MetricsPage, identify: Identify, context: Context): Promise<void> {
  if (page.access === "key") await checkAccess(page, identify, context);
  const { contentType, text } = await page.scrape();
  context.response.writeHead(200, { "content-type": contentType, "content-length": Buffer.byteLength(text) });
  context.response.end(text);
}

async function checkAccess({ token }: MetricsPage, identify: Identify, context: Context): Promise<void> {
  if (token !== undefined && readPresentedKeys(context.request).some((text) => isSame(text, token.reveal()))) return;
  requireAccess(await authenticate(context, identify), "metrics.read");
}

/** In the same time wherever they differ. */
function isSame(given: string, wanted: string): boolean {
  const [one, other] = [given, wanted].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
