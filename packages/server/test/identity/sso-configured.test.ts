// Identity providers of the configuration: away at the start, away later, the only way in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { createSecret } from "../../src/platform/secret-text.ts";
import { ssoSettingsSchema } from "@auxot/wire/operations/sso-providers";
import { openBrowser } from "../harness/browser.ts";
import { goThrough, startIdentityProvider } from "../harness/identity-provider.ts";
import { makeOwner, ownerPassword } from "../harness/owner.ts";
import { startTestRouter } from "../harness/router.ts";

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function declare(port: number, issuerPath = "") {
  const settings = ssoSettingsSchema.parse({ domains: ["corp.example"], allowPrivate: true });
  const issuer = `http://127.0.0.1:${port}${issuerPath}`;
  return {
    kind: "oidc" as const,
    name: "corp",
    issuer,
    clientId: "auxot",
    clientSecret: createSecret("the client's secret: 100%"),
    settings,
  };
}

const ann = { email: "ann@corp.example", email_verified: true, name: "Ann" };

test("a provider that is away at the start or later keeps nobody else out, and works when it is back", async () => {
  const port = await findFreePort();
  await using app = await startTestRouter({ config: { sso: [declare(port)] } });
  const { email } = await makeOwner(app);
  const start = "/api/auth/sso/corp/start";
  const away = await openBrowser(app.url).ask(start);
  assert.equal(away.status, 502);
  assert.match(away.body.detail, /cannot be asked/);
  assert.equal(
    (await openBrowser(app.url).ask("/api/auth/sign-in/email", { email, password: ownerPassword })).status,
    200,
  );
  const callback = `${app.url.replace("127.0.0.1", "localhost")}/api/auth/sso/corp/callback`;
  {
    await using provider = await startIdentityProvider({
      port,
      redirectUrls: [callback],
      clientAuth: "client_secret_post",
    });
    provider.people.set("ann", ann);
    assert.equal((await goThrough(openBrowser(app.url), start, "ann", provider)).status, 302);
  }
  const browser = openBrowser(app.url);
  const later = await browser.ask(start);
  assert.equal(later.status, 302, "what it published is remembered for an hour");
  const stuck = await browser.ask(
    `/api/auth/sso/corp/callback?code=x&state=${new URL(later.headers.get("location") ?? "").searchParams.get("state")}&iss=http%3A%2F%2F127.0.0.1%3A${port}`,
  );
  assert.equal(stuck.status, 502);
});

test("with passwords off the provider is the way in, and passwords open nothing", async () => {
  const port = await findFreePort();
  await using app = await startTestRouter({ config: { sso: [declare(port)], signIn: { password: false } } });
  const { email, browser } = await makeOwner(app);
  const refused = await openBrowser(app.url).ask("/api/auth/sign-in/email", { email, password: ownerPassword });
  assert.equal(refused.status, 403);
  assert.equal((await browser.ask("/api/auth/methods")).body.password, false);
  const [provider] = (await browser.ask("/api/sso-providers")).body.items;
  assert.equal(provider.origin, "config");
  for (const act of ["disable", "enable"]) {
    assert.equal((await browser.ask(`/api/sso-providers/${provider.id}/${act}`, {})).status, 409, "the file decides");
  }
});

test("a provider that was taken out of the file is off at the next start", async () => {
  await using app = await startTestRouter({ config: { sso: [declare(1)] } });
  assert.deepEqual((await openBrowser(app.url).ask("/api/auth/methods?email=x@corp.example")).body.sso, [
    { name: "corp", label: "corp" },
  ]);
  await app.router.stop();
  await using next = await startTestRouter({ dataDir: app.dataDir });
  assert.deepEqual((await openBrowser(next.url).ask("/api/auth/methods")).body.sso, []);
});
