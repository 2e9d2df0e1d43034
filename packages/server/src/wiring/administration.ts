// Wires who may do what: keys, teams, roles, shares.

import type { People } from "../platform/people.ts";
import { createAccessOperations } from "../records/access/operations.ts";
import type { Keys } from "../records/keys/keys.ts";
import { createKeyOperations, findKeyResource } from "../records/keys/operations.ts";
import { createPeopleOperations } from "../records/people/operations.ts";
import { findRoleResource } from "../records/people/roles/operations.ts";
import { findTeamResource } from "../records/people/teams/operations.ts";
import { findServiceResource } from "../records/people/services/operations.ts";
import { createDirectory } from "../operations/directory.ts";
import type { AnyOperationHandler } from "../operations/handler.ts";
import type { FindResource, ResourceFinders } from "../operations/resources.ts";

/** Nobody keeps people yet: whoever is named is taken for one. */
export const people: People = { find: async (id) => ({ id, name: id, active: true }) };

/** Keys, teams, roles: what administers who may do what. */
export function createPeopleParts(keys: Keys, people: People): readonly AnyOperationHandler[] {
  const directory = createDirectory(people);
  const shareable: ResourceFinders = new Map<string, FindResource>([
    ["key", (tx, id) => findKeyResource(keys, tx, id)],
    ["service-account", findServiceResource],
  ]);
  const resources = new Map([...shareable, ["team", findTeamResource], ["role", findRoleResource]]);
  const { revokeOwned: revokeKeysOf, forget: forgetCallers } = keys;
  return [
    ...createKeyOperations({ keys, directory }),
    ...createPeopleOperations({ directory, shareable, revokeKeysOf, forgetCallers }),
    ...createAccessOperations({ directory, findKeyCaller: keys.findCaller, resources }),
  ];
}
