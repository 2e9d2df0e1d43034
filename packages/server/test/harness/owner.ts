// The owner of a router under test, signed in.

import assert from "node:assert/strict";
import { openBrowser, type Browser } from "./browser.ts";
import type { TestRouter } from "./router.ts";

export const ownerPassword = "correct horse battery";

export type Owner = { readonly browser: Browser; readonly id: string; readonly email: string };

/** Makes the owner of a router that has none yet. */
export async function makeOwner(app: TestRouter, email = "olga@example.com"): Promise<Owner> {
  const browser = openBrowser(app.url);
  const made = await browser.ask("/api/setup", { token: app.setupToken, name: "Olga", email, password: ownerPassword });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return { browser, id: made.body.id, email };
}
