// SAML providers of the configuration, and those that publish their metadata: away, changed, back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../src/config.ts";
import { createOwnKey } from "../../src/records/identity/sso/saml/own-key.ts";
import type { DeclaredSsoProvider } from "../../src/records/identity/sso/settings.ts";
import { openBrowser } from "../harness/browser.ts";
import { makeOwner } from "../harness/owner.ts";
import { startTestRouter, type TestRouter } from "../harness/router.ts";
import {
  goThroughSaml,
  startSamlIdentityProvider,
  type SamlIdentityProvider,
} from "../harness/saml-identity-provider.ts";

const start = "/api/auth/sso/corp/start";

/** As it is read from a file. */
function declare(fields: readonly string[]): readonly DeclaredSsoProvider[] {
  const yaml = ["sso:", "  - name: corp", ...fields.map((field) => `    ${field}`)].join("\n");
  return loadConfig({ AUXOT_CONFIG: "auxot.yaml" }, { readFile: () => yaml }).config.sso;
}

async function introduce(app: TestRouter, provider: SamlIdentityProvider): Promise<void> {
  provider.people.set("ann", { nameId: "ann", attributes: { email: "ann@corp.example" } });
  provider.service = (await openBrowser(app.url).ask("/api/auth/sso/corp/metadata")).body;
}

const signIn = async (app: TestRouter, provider: SamlIdentityProvider) =>
  (await goThroughSaml(openBrowser(app.url), start, "ann", provider)).status;

test("a provider of the file is on at once, known by its metadata or by hand, and stays the same over restarts", async () => {
  await using provider = await startSamlIdentityProvider();
  const metadata = JSON.stringify(provider.writeMetadata());
  const common = ["kind: saml", "domains: [corp.example]", "allowPrivate: true"];
  await using app = await startTestRouter({
    config: { sso: declare([...common, `metadata: ${metadata}`, "signRequests: true"]) },
  });
  const { browser } = await makeOwner(app);
  await introduce(app, provider);
  assert.equal(await signIn(app, provider), 302);
  const [shown] = (await browser.ask("/api/sso-providers")).body.items;
  assert.partialDeepStrictEqual(shown, { kind: "saml", origin: "config", issuer: provider.entityId });
  await app.router.stop();
  const certificate = JSON.stringify(provider.key.certificate);
  const byHand = [
    `issuer: ${provider.entityId}`,
    `entryPoint: ${provider.entryPoint}`,
    `certificates: [${certificate}]`,
  ];
  await using next = await startTestRouter({
    dataDir: app.dataDir,
    config: { sso: declare([...common, ...byHand, "signRequests: true"]) },
  });
  const before = /<X509Certificate>[^<]+/.exec(provider.service)?.[0];
  await introduce(next, provider);
  assert.equal(/<X509Certificate>[^<]+/.exec(provider.service)?.[0], before, "its own key is the same");
  assert.equal(await signIn(next, provider), 302);
});

test("metadata is read when somebody comes, and again when the provider signs with what is not known", async () => {
  await using provider = await startSamlIdentityProvider();
  const fields = [
    "kind: saml",
    "domains: [corp.example]",
    "allowPrivate: true",
    `metadataUrl: ${provider.metadataUrl}`,
  ];
  await using app = await startTestRouter({ config: { sso: declare(fields) } });
  await introduce(app, provider);
  assert.equal(await signIn(app, provider), 302);
  const old = provider.key;
  provider.key = await createOwnKey("Next year's", new Date());
  assert.equal(await signIn(app, provider), 401, "asked again half a minute later at the earliest");
  assert.equal((await goThroughSaml(openBrowser(app.url), start, "ann", provider, { key: old })).status, 302);
});

test("a provider that is away keeps nobody else out, and says so", async () => {
  const fields = [
    "kind: saml",
    "domains: [corp.example]",
    "allowPrivate: true",
    "metadataUrl: http://127.0.0.1:1/metadata",
  ];
  await using app = await startTestRouter({ config: { sso: declare(fields) } });
  const away = await openBrowser(app.url).ask(start);
  assert.equal(away.status, 502);
  assert.match(away.body.detail, /127\.0\.0\.1:1 cannot be asked/);
  assert.deepEqual((await openBrowser(app.url).ask("/api/auth/methods?email=x@corp.example")).body.sso, [
    { name: "corp", label: "corp" },
  ]);
});

test("metadata of the file that cannot be used ends the start with a sentence", async () => {
  await assert.rejects(
    startTestRouter({ config: { sso: declare(["kind: saml", "metadata: <nonsense"]) } }),
    /"corp" cannot be used: metadata: it is not XML/,
  );
});

test("says what is wrong in the file, by field", () => {
  for (const [fields, said] of [
    [["kind: saml"], /sso\[0\]\.metadataUrl: is required/],
    [["kind: saml", "metadataUrl: http://idp.example"], /sso\[0\]\.metadataUrl: must begin with https/],
    [
      ["kind: saml", "issuer: urn:x", "entryPoint: https://x.example", "certificates: [MIIx]"],
      /certificates\[0\]: is not an X\.509/,
    ],
    [["kind: saml", "metadataUrl: https://x.example", "clientSecret: s"], /sso\[0\]\.clientSecret: is only for/],
    [["kind: ldap"], /sso\[0\]\.kind/],
    [["clientId: x", "clientSecret: y"], /sso\[0\]\.issuer: is required/],
    [["issuer: corp.example", "clientId: x", "clientSecret: y"], /sso\[0\]\.issuer: must be an address/],
    [
      ["issuer: https://x.example", "clientId: x", "clientSecret: y", "entryPoint: https://x.example"],
      /sso\[0\]\.entryPoint: is only/,
    ],
  ] as const) {
    assert.throws(() => declare(fields), said, fields.join(", "));
  }
});
