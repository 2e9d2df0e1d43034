// People of a router under test, who came by invitation.

import type { Client } from "@auxot/client/client";
import { createInvitation } from "@auxot/wire/operations/invitations";
import type { TestRouter } from "./router.ts";

/** Gives the account's id. They are called as their address begins, and have no way to sign in yet. */
export async function join(client: Client, app: Pick<TestRouter, "url">, email: string): Promise<string> {
  const { url } = await client.call(createInvitation, { email });
  const response = await fetch(`${app.url}/api/auth/accept-invitation`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: new URL(url).hash.slice(1), name: email.split("@")[0] }),
  });
  return ((await response.json()) as { readonly id: string }).id;
}
