// Reads XML for SAML. The library behind it is loaded with the first document. Knows no SAML.

/** As much of the DOM as is needed here. */
export type XmlElement = {
  readonly nodeType: number;
  readonly localName: string | null;
  readonly namespaceURI: string | null;
  readonly textContent: string | null;
  readonly childNodes: { readonly length: number; item(position: number): XmlElement | null };
  hasAttribute(name: string): boolean;
  getAttribute(name: string): string | null;
};

export const namespaces = {
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  signature: "http://www.w3.org/2000/09/xmldsig#",
} as const;

/** The root. Undefined: it is not well-formed, or has a document type, which such documents have no use for. */
export async function parseXml(text: string): Promise<XmlElement | undefined> {
  if (/<!DOCTYPE/i.test(text)) return undefined;
  const { parseDomFromString } = await import("@node-saml/node-saml/lib/xml.js");
  try {
    const document = (await parseDomFromString(text.replace(/^\uFEFF/, "").trim())) as {
      readonly documentElement: XmlElement | null;
    };
    return document.documentElement ?? undefined;
  } catch {
    return undefined;
  }
}

/** Elements directly below, of this name. */
export function findChildren(of: XmlElement, namespace: string, name: string): readonly XmlElement[] {
  return listChildren(of).filter((one) => one.localName === name && one.namespaceURI === namespace);
}

/** It and all elements below it whose local name this is, in whatever namespace. */
export function findAll(from: XmlElement, name: string): readonly XmlElement[] {
  const below = listChildren(from).flatMap((one) => findAll(one, name));
  return from.localName === name ? [from, ...below] : below;
}

/** Null where it has none of this name: the library itself says "" then. */
export function readAttribute(element: XmlElement, name: string): string | null {
  return element.hasAttribute(name) ? element.getAttribute(name) : null;
}

export function readText(element: XmlElement): string {
  return element.textContent?.trim() ?? "";
}

/** For text and attributes. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function listChildren({ childNodes }: XmlElement): readonly XmlElement[] {
  const found: XmlElement[] = [];
  for (let position = 0; position < childNodes.length; position++) {
    const child = childNodes.item(position);
    if (child?.nodeType === 1) found.push(child);
  }
  return found;
}
