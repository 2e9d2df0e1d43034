// Makes the caller of somebody signed in. Pure.

import type { OrgRole } from "@auxot/wire/access";
import type { Caller } from "../../../platform/caller.ts";

/** Whose acts are those of a person, by their session. */
export function createUserCaller(person: {
  readonly userId: string;
  readonly name: string;
  readonly orgRole: OrgRole;
}): Caller {
  return {
    kind: "caller",
    keyId: "",
    name: person.name,
    principal: { type: "user", id: person.userId },
    orgRole: person.orgRole,
    teams: [],
    roles: [],
    scopes: null,
    models: null,
  };
}
