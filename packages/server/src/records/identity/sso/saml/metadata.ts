// Reads what a SAML provider publishes of itself, and writes what we publish of us. SAML 2.0 Metadata. Asks nobody.

import { readCertificate } from "../kinds.ts";
import {
  escapeXml,
  findAll,
  findChildren,
  namespaces,
  parseXml,
  readAttribute,
  readText,
  type XmlElement,
} from "./xml.ts";

/** What is needed of a provider to send people to it and to check what it answers. */
export type IdpDescription = {
  readonly entityId: string;
  /** Takes requests by HTTP-Redirect. */
  readonly entryPoint: string;
  /** PEM. */
  readonly certificates: readonly string[];
};

const redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/** `entityId`: which one of several; null takes the only one. `problem` says what cannot be used, for administrators. */
export async function readMetadata(
  xml: string,
  entityId: string | null,
): Promise<IdpDescription | { readonly problem: string }> {
  const root = await parseXml(xml);
  if (root === undefined) return { problem: "it is not XML" };
  const idps = findAll(root, "EntityDescriptor").flatMap((entity) =>
    findChildren(entity, namespaces.metadata, "IDPSSODescriptor").map((role) => ({
      role,
      id: readAttribute(entity, "entityID") ?? "",
    })),
  );
  const found = entityId === null ? idps : idps.filter(({ id }) => id === entityId);
  const [only] = found;
  if (only === undefined) {
    const others = idps.map(({ id }) => `"${id}"`).join(", ");
    return idps.length === 0
      ? { problem: "it describes no SAML 2.0 identity provider" }
      : { problem: `it does not describe "${entityId}", only ${others.slice(0, 300)}` };
  }
  if (found.length > 1) {
    return { problem: "it describes several identity providers; name the right one's entity ID as issuer" };
  }
  return describe(only.role, only.id);
}

function describe(role: XmlElement, entityId: string): IdpDescription | { readonly problem: string } {
  const service = findChildren(role, namespaces.metadata, "SingleSignOnService").find(
    (one) => readAttribute(one, "Binding") === redirectBinding,
  );
  const entryPoint = service === undefined ? "" : (readAttribute(service, "Location") ?? "");
  if (!/^https?:\/\/[^\s#"<>]+$/.test(entryPoint)) {
    return { problem: "it names no address that takes requests by HTTP-Redirect" };
  }
  const texts = findChildren(role, namespaces.metadata, "KeyDescriptor")
    .filter((key) => readAttribute(key, "use") !== "encryption")
    .flatMap((key) => findAll(key, "X509Certificate"))
    .map(readText);
  const certificates = texts.map(readCertificate);
  if (certificates.length === 0) return { problem: "it names no certificate to check signatures with" };
  if (certificates.includes(undefined)) return { problem: "one of its signing certificates cannot be read" };
  return { entityId, entryPoint, certificates: [...new Set(certificates.flatMap((one) => one ?? []))] };
}

/** Our own metadata. `certificate` (PEM): our requests are signed with its key. */
export function writeMetadata(us: {
  readonly entityId: string;
  readonly answerUrl: string;
  readonly certificate: string | undefined;
}): string {
  const { entityId, answerUrl, certificate } = us;
  const base64 = certificate?.replace(/-----[A-Z ]+-----|\s/g, "");
  const key = `
    <KeyDescriptor use="signing">
      <KeyInfo xmlns="${namespaces.signature}"><X509Data><X509Certificate>${base64}</X509Certificate></X509Data></KeyInfo>
    </KeyDescriptor>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="${namespaces.metadata}" entityID="${escapeXml(entityId)}">
  <SPSSODescriptor AuthnRequestsSigned="${base64 !== undefined}" WantAssertionsSigned="true" protocolSupportEnumeration="${namespaces.protocol}">${base64 === undefined ? "" : key}
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${escapeXml(answerUrl)}" index="0" isDefault="true"/>
  </SPSSODescriptor>
</EntityDescriptor>
`;
}
