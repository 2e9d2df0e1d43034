// How many people a licence lets in, by every way in, and that nobody who is there must go.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { writeLicence } from "../../src/platform/licence.ts";
import { openBrowser } from "../harness/browser.ts";
import { makeOwner } from "../harness/owner.ts";
import { startTestRouter } from "../harness/router.ts";

const vendor = generateKeyPairSync("ed25519");
const sign = (seats: number): string =>
  writeLicence(
    {
      id: `lic_${seats}`,
      holder: "Example Ltd",
      tier: "business",
      seats,
      features: ["*"],
      issuedAt: "2026-01-01T00:00:00Z",
      expiresAt: null,
      graceDays: 0,
    },
    vendor.privateKey,
  );

test("nobody comes in beyond the seats of a licence, by whatever way, and two at once share no seat", async () => {
  await using app = await startTestRouter({ config: { vendorKey: vendor.publicKey } });
  const { browser } = await makeOwner(app);
  const put = (seats: number) => browser.ask("/api/licence", { licence: sign(seats) }, { method: "PUT" });
  assert.equal((await put(2)).status, 200);
  const { token } = (await browser.ask("/api/scim-tokens", { name: "Entra" })).body;
  const scim = async (path: string, sent: object) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/scim+json" };
    const response = await fetch(`${app.url}/scim/v2${path}`, { method: "POST", headers, body: JSON.stringify(sent) });
    return { status: response.status, body: (await response.json()) as { id: string; detail: string } };
  };
  const invite = async (email: string): Promise<string> =>
    new URL((await browser.ask("/api/invitations", { email })).body.url).hash.slice(1);
  const accept = (invitation: string) =>
    openBrowser(app.url).ask("/api/auth/accept-invitation", { token: invitation, name: "Ann" });
  const [first, second] = [await invite("ann@example.com"), await invite("ben@example.com")];
  const both = await Promise.all([accept(first), accept(second)]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 403]);
  const refused = both.find(({ status }) => status === 403);
  assert.match(refused?.body.detail, /licence of Example Ltd is for 2 people, and 2 are here/);
  const made = await scim("/Users", { userName: "cy@example.com" });
  assert.equal(made.status, 403);
  assert.match(made.body.detail, /is for 2 people/);
  const idle = await scim("/Users", { userName: "dee@example.com", active: false });
  assert.equal(idle.status, 201, "somebody who may not sign in takes none");
  const activate = () => browser.ask(`/api/users/${idle.body.id}/activate`, {});
  assert.equal((await activate()).status, 403);
  assert.equal((await put(3)).status, 200);
  assert.equal((await activate()).status, 200);
  const late = both[0]?.status === 200 ? second : first;
  assert.equal((await accept(late)).status, 403, "the invitation was not used up");
  assert.equal((await put(1)).status, 200);
  assert.equal((await browser.ask("/api/users?status=active")).body.items.length, 3, "those who are there stay");
  assert.equal((await browser.ask(`/api/users/${idle.body.id}/deactivate`, {})).status, 200);
  assert.equal((await put(9)).status, 200);
  assert.equal((await accept(late)).status, 200);
});
