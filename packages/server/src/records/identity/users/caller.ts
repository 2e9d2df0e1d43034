// Makes the caller of somebody signed in. Pure.

import { createPrincipalCaller, type Caller, type GivenRights } from "../../../platform/caller.ts";

/** Whose acts are those of a person, by their session. */
export function createUserCaller(person: {
  readonly userId: string;
  readonly name: string;
  readonly rights: GivenRights;
}): Caller {
  return createPrincipalCaller({ keyId: "", name: person.name, id: person.userId }, person.rights);
}
