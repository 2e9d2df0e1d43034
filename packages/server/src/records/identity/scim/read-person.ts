// Reads a person from what a directory sends, whole or as changes. Pure.

import { z } from "zod";
import { readBoolean, readText, type PatchChange } from "./patch.ts";
import { ScimError, type ScimJson, type ScimPerson } from "./words.ts";

/** A whole person, for create and replace. Throws `invalidValue` with the attribute. */
export function readPerson(body: ScimJson): ScimPerson {
  const names = (typeof body["name"] === "object" && body["name"] !== null ? body["name"] : {}) as ScimJson;
  return complete({
    userName: readText(body["userName"], "userName"),
    externalId: readText(body["externalId"], "externalId"),
    email: readEmails(body["emails"]),
    displayName: readText(body["displayName"], "displayName") ?? readText(names["formatted"], "name.formatted"),
    givenName: readText(names["givenName"], "name.givenName"),
    familyName: readText(names["familyName"], "name.familyName"),
    active: body["active"] === undefined ? true : readBoolean(body["active"], "active"),
  });
}

/** The person after the changes; attributes that are not kept are passed over. */
export function changePerson(before: ScimPerson, changes: readonly PatchChange[]): ScimPerson {
  const draft: Draft = {
    ...before,
    externalId: before.externalId ?? undefined,
    givenName: before.givenName ?? undefined,
    familyName: before.familyName ?? undefined,
  };
  for (const { op, path, value } of changes) applyChange(draft, path, op === "remove" ? undefined : value);
  return complete(draft);
}

type Draft = { active: boolean } & {
  [Field in Exclude<keyof ScimPerson, "active">]: string | undefined;
};

function applyChange(draft: Draft, path: string, value: unknown): void {
  switch (path) {
    case "active":
      draft.active = value === undefined ? true : readBoolean(value, path);
      return;
    case "username":
      draft.userName = readText(value, "userName");
      return;
    case "externalid":
      draft.externalId = readText(value, "externalId");
      return;
    case "displayname":
    case "name.formatted":
      draft.displayName = readText(value, path);
      return;
    case "name.givenname":
      draft.givenName = readText(value, path);
      return;
    case "name.familyname":
      draft.familyName = readText(value, path);
      return;
    case "emails":
      draft.email = readEmails(value) ?? draft.email;
      return;
    case "emails.value":
      draft.email = readText(value, path) ?? draft.email;
      return;
    default:
  }
}

function complete({ userName, externalId, email, displayName, givenName, familyName, active }: Draft): ScimPerson {
  if (userName === undefined) throw new ScimError("invalidValue", "userName is required.");
  const address = (email ?? userName).toLowerCase();
  if (!z.email().max(254).safeParse(address).success) {
    throw new ScimError("invalidValue", `"${address}" is no e-mail address. Send one in emails, or as userName.`);
  }
  const spoken = [givenName, familyName].filter((one) => one !== undefined).join(" ");
  return {
    userName,
    externalId: externalId ?? null,
    email: address,
    displayName: (displayName ?? (spoken === "" ? userName : spoken)).slice(0, 100),
    givenName: givenName ?? null,
    familyName: familyName ?? null,
    active,
  };
}

/** The primary one, else that for work, else the first. */
function readEmails(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return readText(value, "emails");
  const entries = value.filter((one): one is ScimJson => typeof one === "object" && one !== null);
  const chosen =
    entries.find(({ primary }) => primary === true || /^true$/i.test(String(primary))) ??
    entries.find(({ type }) => type === "work") ??
    entries[0];
  return readText(chosen?.["value"], "emails.value");
}
