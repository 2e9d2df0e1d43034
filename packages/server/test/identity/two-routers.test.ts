// What somebody may do changes on all routers at once: by their session and by their own keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecret } from "../../src/platform/secret-text.ts";
import { openBrowser } from "../harness/browser.ts";
import { createPerson } from "../harness/invited.ts";
import { makeOwner } from "../harness/owner.ts";
import { startTestRouter } from "../harness/router.ts";
import { shareDatabase } from "../harness/shared-database.ts";

/** News goes round by the database: asks until it came, far within the minute that keys are remembered. */
async function waitFor(status: number, ask: () => Promise<{ readonly status: number }>, what: string): Promise<void> {
  const until = performance.now() + 10_000;
  while ((await ask()).status !== status) assert.ok(performance.now() < until, `${what}: still not ${status}`);
}

test("roles, teams and the end of access count on another router for sessions and personal keys", async () => {
  await using shared = await shareDatabase();
  const databaseUrl = createSecret(shared.url);
  const config = { databaseUrl, secretKey: createSecret("one secret key for both of these routers") };
  await using first = await startTestRouter({ config });
  const owner = await makeOwner(first);
  await using second = await startTestRouter({ config });
  const ask = owner.browser.ask;
  const put = async (path: string, body: object = {}) => {
    const done = await ask(path, body, { method: "PUT" });
    assert.equal(done.status, 200, JSON.stringify(done.body));
  };
  const ann = await createPerson(first, owner, "ann@example.com");
  const { key } = (await ann.browser.ask("/api/keys", { name: "own", owner: ann.id })).body as { key: string };
  const browser = openBrowser(second.url, ann.browser.cookies);
  const both = async (path: string, status: number, what: string) => {
    await waitFor(status, () => browser.ask(path), `${what}, session`);
    await waitFor(status, () => second.get(path, { key }), `${what}, key`);
  };
  await both("/api/audit", 403, "nothing yet");
  const role = (await ask("/api/roles", { name: "auditor", actions: ["audit.read"] })).body.id as string;
  await put(`/api/roles/${role}/holders/${ann.id}`);
  await both("/api/audit", 200, "a role given");
  await ask(`/api/roles/${role}/holders/${ann.id}`, undefined, { method: "DELETE" });
  await both("/api/audit", 403, "a role taken");
  const team = (await ask("/api/teams", { name: "Research" })).body.id as string;
  await both(`/api/teams/${team}`, 403, "not in the team");
  await put(`/api/teams/${team}/members/${ann.id}`, { role: "member" });
  await both(`/api/teams/${team}`, 200, "in the team");
  await put(`/api/roles/${role}/holders/${team}`);
  await both("/api/audit", 200, "a role of the team");
  await ask(`/api/teams/${team}/members/${ann.id}`, undefined, { method: "DELETE" });
  await both("/api/audit", 403, "out of the team");
  await put(`/api/org/members/${ann.id}`, { role: "admin" });
  await both("/api/invitations", 200, "an administrator");
  const { token } = (await ask("/api/scim-tokens", { name: "Entra" })).body as { token: string };
  const gone = await fetch(`${first.url}/scim/v2/Users/${ann.id}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
    body: JSON.stringify({ Operations: [{ op: "Replace", path: "active", value: "False" }] }),
  });
  assert.equal(gone.status, 200);
  await both("/api/invitations", 401, "deactivated by the directory");
  await waitFor(401, () => second.get("/v1/models", { key }), "no models either");
});
