// People of a router under test who came by invitation, signed in.

import assert from "node:assert/strict";
import { openBrowser, type Browser } from "./browser.ts";
import { ownerPassword, type Owner } from "./owner.ts";
import type { TestRouter } from "./router.ts";

export type SignedInPerson = { readonly browser: Browser; readonly id: string };

/** Invited by the owner; called what stands before the `@`. The password is the owner's. */
export async function createPerson(
  app: Pick<TestRouter, "url">,
  owner: Owner,
  email: string,
  invitation: object = {},
): Promise<SignedInPerson> {
  const invited = await owner.browser.ask("/api/invitations", { email, ...invitation });
  assert.equal(invited.status, 200, JSON.stringify(invited.body));
  const browser = openBrowser(app.url);
  const accepted = await browser.ask("/api/auth/accept-invitation", {
    token: new URL(String(invited.body.url)).hash.slice(1),
    name: email.split("@")[0],
    password: ownerPassword,
  });
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
  return { browser, id: String(accepted.body.id) };
}
