// Decides whether a SAML response is the provider's own: form, signature, and that only what was signed is read.
// The signature is checked by @node-saml/node-saml, which is loaded with the first response.

import { AppError } from "@auxot/wire/errors";
import { checkAssertion, type Assertion, type Expected } from "./check-assertion.ts";
import type { IdpDescription } from "./metadata.ts";
import { findAll, findChildren, namespaces, parseXml, readAttribute, readText, type XmlElement } from "./xml.ts";

/** Throws `unauthenticated` with what is wrong; a SignatureError where newer certificates might help. */
export async function checkResponse(
  samlResponse: string,
  idp: IdpDescription,
  expected: Omit<Expected, "issuer">,
): Promise<Assertion> {
  const xml = Buffer.from(samlResponse, "base64").toString("utf8");
  // What is left out when a text is signed, and read when it is compared, has split names before.
  if (/<!|<\?(?!xml[\s?])/.test(xml)) throw refuse("holds comments, document types or the like, which nobody needs");
  const root = await parseXml(xml);
  if (root === undefined) throw refuse("is not XML");
  const problem = findFormProblem(root, expected.recipient);
  if (problem !== undefined) throw refuse(problem);
  const signed = await parseXml(await verify(samlResponse, idp, expected));
  const assertion =
    signed === undefined ? { problem: "is not XML" } : checkAssertion(signed, { ...expected, issuer: idp.entityId });
  if ("problem" in assertion) throw refuse(assertion.problem);
  return assertion;
}

/** Nobody who is known signed it so. */
export class SignatureError extends AppError {}

/** What would make it doubtful what is signed is refused before the signature is looked at. */
function findFormProblem(root: XmlElement, recipient: string): string | undefined {
  if (root.localName !== "Response" || root.namespaceURI !== namespaces.protocol) return "is not a SAML response";
  const destination = readAttribute(root, "Destination");
  if (destination !== null && destination !== "" && destination !== recipient) {
    return `was sent to ${destination.slice(0, 200)} and not to ${recipient}`;
  }
  const failure = readFailure(root);
  if (failure !== undefined) return failure;
  if (findAll(root, "EncryptedAssertion").length > 0)
    return "is encrypted, which Auxot cannot read: switch that off at the provider";
  const assertions = findAll(root, "Assertion");
  const [only] = findChildren(root, namespaces.assertion, "Assertion");
  if (only === undefined || assertions.length !== 1 || findAll(root, "Response").length !== 1) {
    return "does not hold exactly one assertion in the one place for it";
  }
  return findSignatureProblem(root, only);
}

function readFailure(root: XmlElement): string | undefined {
  const [status] = findChildren(root, namespaces.protocol, "Status");
  const codes =
    status === undefined ? [] : findAll(status, "StatusCode").map((one) => readAttribute(one, "Value") ?? "");
  if (codes[0] === "urn:oasis:names:tc:SAML:2.0:status:Success") return undefined;
  const message = status === undefined ? "" : findAll(status, "StatusMessage").map(readText).join(" ");
  const said = [...codes.map((code) => code.split(":").at(-1)), message].filter(Boolean).join(", ");
  return `says that it did not work${said === "" ? "" : ` (${said.slice(0, 300)})`}`;
}

const strongSignatures = new Set([
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
  "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
]);
const strongDigests = new Set(["http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"]);

function findSignatureProblem(root: XmlElement, assertion: XmlElement): string | undefined {
  const placed = [root, assertion].flatMap((one) => findChildren(one, namespaces.signature, "Signature"));
  const all = findAll(root, "Signature");
  if (all.length === 0) return "is not signed";
  if (all.length !== placed.length || placed.some((one) => !all.includes(one)))
    return "has a signature where none belongs";
  const algorithms = (name: string) =>
    all.flatMap((one) => findAll(one, name).map((found) => readAttribute(found, "Algorithm") ?? ""));
  const isStrong =
    algorithms("SignatureMethod").every((one) => strongSignatures.has(one)) &&
    algorithms("DigestMethod").every((one) => strongDigests.has(one));
  return isStrong
    ? undefined
    : "is signed in a way that is too weak or not known: choose RSA with SHA-256 at the provider";
}

/** The text of the assertion, taken from the bytes that were signed and from nowhere else. */
async function verify(
  samlResponse: string,
  { certificates, entityId }: IdpDescription,
  { audience, recipient }: Omit<Expected, "issuer">,
): Promise<string> {
  const { SAML, ValidateInResponseTo } = await import("@node-saml/node-saml");
  const saml = new SAML({
    idpCert: [...certificates],
    idpIssuer: entityId,
    issuer: audience,
    callbackUrl: recipient,
    // For whom and when it holds, `checkAssertion` says, more strictly and in words for people.
    audience: false,
    acceptedClockSkewMs: -1,
    // Either of them must be signed, and what is not is not read.
    wantAssertionsSigned: false,
    wantAuthnResponseSigned: false,
    // Which request it answers, the flow checks against the browser's memory.
    validateInResponseTo: ValidateInResponseTo.never,
  });
  try {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: samlResponse });
    const text = profile?.getAssertionXml?.();
    if (text === undefined) throw new Error("it holds no assertion");
    return text;
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    if (/signature/i.test(said)) {
      const why = "is not signed by the certificates that are known of it, or was changed on the way";
      throw new SignatureError("unauthenticated", write(why), { cause });
    }
    throw refuse(`does not hold: ${said.slice(0, 300)}`, cause);
  }
}

function refuse(what: string, cause?: unknown): AppError {
  return new AppError("unauthenticated", write(what), { cause });
}

function write(what: string): string {
  return `Signing in did not work: the identity provider's answer ${what}.`;
}
