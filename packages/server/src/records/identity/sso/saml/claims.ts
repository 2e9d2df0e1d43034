// Reads of a checked assertion who it is about, by the names that Entra ID, Okta, Keycloak, Google and AD FS use. Pure.

import type { SsoSettings } from "@auxot/wire/operations/sso-providers";
import type { Claims } from "../flow.ts";
import type { Assertion } from "./check-assertion.ts";

const soap = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
const microsoft = "http://schemas.microsoft.com";

/** In small letters, the first that is there counts. */
const usualNames = {
  /** Never changes and is never given to somebody else. */
  subject: [`${microsoft}/identity/claims/objectidentifier`],
  email: [
    "email",
    "mail",
    "emailaddress",
    `${soap}/emailaddress`,
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:1.2.840.113549.1.9.1",
  ],
  name: [
    "displayname",
    "name",
    `${microsoft}/identity/claims/displayname`,
    "urn:oid:2.16.840.1.113730.3.1.241",
    "cn",
    "urn:oid:2.5.4.3",
  ],
  givenName: ["givenname", "firstname", `${soap}/givenname`, "urn:oid:2.5.4.42"],
  surname: ["surname", "lastname", "sn", `${soap}/surname`, "urn:oid:2.5.4.4"],
  groups: [
    "groups",
    "group",
    "memberof",
    `${microsoft}/ws/2008/06/identity/claims/groups`,
    "http://schemas.xmlsoap.org/claims/group",
  ],
  /** Entra ID's word for "too many to list". */
  tooManyGroups: [`${microsoft}/claims/groups.link`],
} as const;

export function readClaims({ nameId, nameIdFormat, attributes }: Assertion, settings: SsoSettings): Claims {
  const small = new Map([...attributes].map(([name, values]) => [name.toLowerCase(), values]));
  const find = (names: readonly string[]): readonly string[] | undefined =>
    names.map((name) => small.get(name)).find((values) => values !== undefined && values.length > 0);
  const { emailAttribute, nameAttribute, groupClaim } = settings;
  // A NameID is an address only where the provider says so: a user name may look like one and be anybody's.
  const email =
    (emailAttribute === undefined ? find(usualNames.email) : attributes.get(emailAttribute))?.[0] ??
    (emailAttribute === undefined && nameIdFormat === "emailAddress" ? nameId : undefined);
  const parts = [find(usualNames.givenName)?.[0], find(usualNames.surname)?.[0]].filter(Boolean).join(" ");
  const name = (nameAttribute === undefined ? find(usualNames.name) : attributes.get(nameAttribute))?.[0] ?? parts;
  const groups = groupClaim === "groups" ? find(usualNames.groups) : attributes.get(groupClaim);
  const address = email?.includes("@") === true ? email.trim().toLowerCase() : undefined;
  return {
    subject: writeSubject(find(usualNames.subject)?.[0], nameId, nameIdFormat, address),
    email: address,
    emailVerified: undefined,
    name: name === "" ? undefined : name.slice(0, 100),
    // Providers leave out what is empty, so none is none, unless there are more than they list.
    groups: groups ?? (find(usualNames.tooManyGroups) === undefined ? [] : undefined),
  };
}

/** What it is comes first, so that a user name that somebody chose is never another's id. */
function writeSubject(
  objectId: string | undefined,
  nameId: string,
  format: string,
  address: string | undefined,
): string {
  if (objectId !== undefined) return `object ${objectId}`;
  // A transient NameID is another one each time.
  if (format === "transient" && address !== undefined) return `address ${address}`;
  return `${format === "" ? "unspecified" : format} ${nameId}`;
}
