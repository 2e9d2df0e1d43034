import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ssoSettingsSchema } from "@auxot/wire/operations/sso-providers";
import { createDescriptions } from "./descriptions.ts";
import { readMetadata, writeMetadata } from "./metadata.ts";
import { createOwnKey } from "./own-key.ts";

const { certificate } = await createOwnKey("A provider", new Date("2026-01-01T00:00:00Z"));
const { certificate: next } = await createOwnKey("The same, later", new Date("2049-12-31T00:00:00Z"));
const base64 = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\s/g, "");

function writeEntity(id: string, keys: readonly string[], binding = "HTTP-Redirect"): string {
  const descriptors = keys.map(
    (key) =>
      `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n${base64(key)}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
  );
  return (
    `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${id}">` +
    `<!-- as providers write it --><md:IDPSSODescriptor>${descriptors.join("")}` +
    `<md:KeyDescriptor use="encryption"><ds:KeyInfo/></md:KeyDescriptor>` +
    `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="https://idp.example/sso?a=1&amp;b=2"/>` +
    `</md:IDPSSODescriptor></md:EntityDescriptor>`
  );
}

const several = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${writeEntity("urn:a", [certificate])}${writeEntity("urn:b", [next])}</md:EntitiesDescriptor>`;

describe("metadata of SAML providers", () => {
  test("gives entity ID, address and all signing certificates", async () => {
    assert.deepEqual(
      await readMetadata(`\uFEFF<?xml version="1.0"?>${writeEntity("urn:a", [certificate, next, next])}`, null),
      {
        entityId: "urn:a",
        entryPoint: "https://idp.example/sso?a=1&b=2",
        certificates: [certificate, next],
      },
    );
  });

  test("of several providers gives the one that is asked for", async () => {
    assert.partialDeepStrictEqual(await readMetadata(several, "urn:b"), { entityId: "urn:b", certificates: [next] });
    assert.match(JSON.stringify(await readMetadata(several, null)), /several identity providers/);
    assert.match(JSON.stringify(await readMetadata(several, "urn:c")), /does not describe.*urn:c/);
  });

  test("says what it lacks", async () => {
    for (const [xml, problem] of [
      ["", /not XML/],
      ["Sign in first", /not XML/],
      ["<html/>", /describes no SAML/],
      [writeEntity("urn:a", []), /no certificate/],
      [writeEntity("urn:a", ["AAAA"]), /cannot be read/],
      [writeEntity("urn:a", [certificate], "SOAP"), /HTTP-Redirect/],
      [writeMetadata({ entityId: "urn:us", answerUrl: "https://us.example/acs", certificate }), /describes no SAML/],
    ] as const) {
      assert.match(JSON.stringify(await readMetadata(xml, null)), problem);
    }
  });

  test("is remembered for an hour, and read anew half a minute later where that may help", async () => {
    let now = 0;
    let asked = 0;
    const descriptions = createDescriptions({
      clock: { now: () => now },
      ask: async () => ({ status: 200, text: writeEntity("urn:a", [asked++ === 0 ? certificate : next]) }),
    });
    const settings = ssoSettingsSchema.parse({ metadataUrl: "https://idp.example/metadata" });
    const read = async (fresh?: boolean) =>
      (await descriptions.read({ name: "corp", issuer: null, settings }, fresh)).certificates[0];
    assert.equal(await read(), certificate);
    now = 29_000;
    assert.equal(await read(true), certificate, "too soon");
    now = 30_000;
    assert.equal(await read(), certificate, "nobody asked for a new one");
    assert.equal(await read(true), next);
    now += 60 * 60 * 1000 - 1;
    await read();
    assert.equal(asked, 2);
    now += 1;
    await read();
    assert.equal(asked, 3);
  });
});
