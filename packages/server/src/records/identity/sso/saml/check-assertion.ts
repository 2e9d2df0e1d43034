// Decides whether an assertion is for us, now, and about whom. Reads only what was signed; who signed is judged before.
// SAML 2.0 Core §2, Profiles §4.1.4.3. Pure.

import { findAll, findChildren, namespaces, readAttribute, readText, type XmlElement } from "./xml.ts";

export type Assertion = {
  readonly id: string;
  readonly nameId: string;
  /** How `nameId` is meant: the end of its format's URI, e.g. `persistent`, `emailAddress`. */
  readonly nameIdFormat: string;
  /** The request it answers; null: nobody here asked. */
  readonly inResponseTo: string | null;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
};

export type Expected = {
  /** The provider's entity ID. */
  readonly issuer: string;
  /** Our entity ID. */
  readonly audience: string;
  /** Where it was posted to. */
  readonly recipient: string;
  readonly now: number;
};

/** How far the provider's clock may be from ours. */
const clockSkewMs = 60_000;

const children = (of: XmlElement, name: string): readonly XmlElement[] => findChildren(of, namespaces.assertion, name);

/** `problem` goes on after "its answer". */
export function checkAssertion(root: XmlElement, expected: Expected): Assertion | { readonly problem: string } {
  const isAssertion = root.localName === "Assertion" && root.namespaceURI === namespaces.assertion;
  const id = readAttribute(root, "ID") ?? "";
  if (!isAssertion || id === "" || readAttribute(root, "Version") !== "2.0") return { problem: "holds no assertion" };
  const [issuer, ...issuers] = children(root, "Issuer");
  const [subject, ...subjects] = children(root, "Subject");
  if (issuer === undefined || subject === undefined || issuers.length + subjects.length > 0) {
    return { problem: "does not name exactly one issuer and one person" };
  }
  if (readText(issuer) !== expected.issuer) {
    return { problem: `is by "${readText(issuer).slice(0, 200)}" and not by "${expected.issuer}"` };
  }
  const [nameId, ...nameIds] = children(subject, "NameID");
  if (nameId === undefined || nameIds.length > 0 || readText(nameId) === "") {
    return { problem: "has not exactly one readable NameID" };
  }
  const confirmation = checkConfirmations(children(subject, "SubjectConfirmation"), expected);
  if ("problem" in confirmation) return confirmation;
  const problem = findConditionProblem(children(root, "Conditions"), expected) ?? findSessionProblem(root, expected);
  if (problem !== undefined) return { problem };
  return {
    id,
    nameId: readText(nameId),
    nameIdFormat: (readAttribute(nameId, "Format") ?? "").split(":").at(-1) ?? "",
    inResponseTo: confirmation.inResponseTo,
    attributes: readAttributes(children(root, "AttributeStatement")),
  };
}

function checkConfirmations(
  confirmations: readonly XmlElement[],
  { recipient, now }: Expected,
): { readonly inResponseTo: string | null } | { readonly problem: string } {
  const data = confirmations
    .filter((one) => readAttribute(one, "Method") === "urn:oasis:names:tc:SAML:2.0:cm:bearer")
    .flatMap((one) => children(one, "SubjectConfirmationData"));
  const ours = data.filter((one) => readAttribute(one, "Recipient") === recipient);
  const [first] = data;
  if (first === undefined) return { problem: "does not say for whom it is" };
  if (ours.length === 0) {
    return {
      problem: `is for ${(readAttribute(first, "Recipient") ?? "nobody").slice(0, 200)} and not for ${recipient}`,
    };
  }
  const good = ours.find(
    (one) => readAttribute(one, "NotOnOrAfter") !== null && findTimeProblem(one, now) === undefined,
  );
  if (good === undefined) {
    return {
      problem: ours.map((one) => findTimeProblem(one, now)).find(Boolean) ?? "does not say until when it holds",
    };
  }
  return { inResponseTo: readAttribute(good, "InResponseTo") };
}

function findConditionProblem(conditions: readonly XmlElement[], { audience, now }: Expected): string | undefined {
  const [condition, ...others] = conditions;
  if (condition === undefined || others.length > 0) return "does not say once under which conditions it holds";
  const restrictions = children(condition, "AudienceRestriction");
  const audiences = restrictions.map((one) => children(one, "Audience").map(readText));
  if (audiences.length === 0) return "does not say for which service it is";
  if (!audiences.every((one) => one.includes(audience))) {
    return `is for the service "${audiences.flat().join('", "').slice(0, 300)}" and not for "${audience}"`;
  }
  return findTimeProblem(condition, now);
}

function findSessionProblem(root: XmlElement, { now }: Expected): string | undefined {
  const statements = children(root, "AuthnStatement");
  if (statements.length === 0) return "does not say that somebody signed in";
  const ends = statements.map((one) => readAttribute(one, "SessionNotOnOrAfter"));
  return ends.some((end) => end !== null && !(now - clockSkewMs < readTime(end)))
    ? "is of a session that is over"
    : undefined;
}

/** Of whatever has NotBefore and NotOnOrAfter. What cannot be read as a time is a problem too. */
function findTimeProblem(element: XmlElement, now: number): string | undefined {
  const [from, until] = [readAttribute(element, "NotBefore"), readAttribute(element, "NotOnOrAfter")];
  if (from !== null && !(now + clockSkewMs >= readTime(from))) {
    return `holds only from ${from.slice(0, 40)} on: compare the clocks of both machines`;
  }
  if (until !== null && !(now - clockSkewMs < readTime(until)))
    return `is too old: it held until ${until.slice(0, 40)}`;
  return undefined;
}

/** Milliseconds; NaN where it is no time with a zone. */
function readTime(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}

function readAttributes(statements: readonly XmlElement[]): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  for (const attribute of statements.flatMap((one) => children(one, "Attribute"))) {
    const name = readAttribute(attribute, "Name") ?? "";
    const values = findAll(attribute, "AttributeValue").map(readText);
    // Some send one attribute for each group.
    attributes.set(name, [...(attributes.get(name) ?? []), ...values.filter((value) => value !== "")]);
  }
  return attributes;
}
