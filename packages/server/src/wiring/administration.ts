// Wires who may do and use what: keys, teams, roles, shares, models.

import { findVisibleTeams, listOwnNames } from "../inference/route-rules.ts";
import { createDirectory } from "../operations/directory.ts";
import type { AnyOperationHandler } from "../operations/handler.ts";
import type { FindResource, ResourceFinders } from "../operations/resources.ts";
import { createAccessOperations } from "../records/access/operations.ts";
import type { Identity } from "../records/identity/identity.ts";
import type { Keys } from "../records/keys/keys.ts";
import { createKeyOperations, findKeyResource } from "../records/keys/operations.ts";
import { createCatalogueOperations } from "../records/models/catalogue.ts";
import { createModelOperations } from "../records/models/operations.ts";
import { createRoutingOperations } from "../records/models/routing-operations.ts";
import type { LiveModelSettings } from "../records/models/settings.ts";
import type { Prices } from "../records/prices/prices.ts";
import { createPeopleOperations } from "../records/people/operations.ts";
import { findRoleResource } from "../records/people/roles/operations.ts";
import { findServiceResource } from "../records/people/services/operations.ts";
import { findTeamResource } from "../records/people/teams/operations.ts";
import type { Offer } from "../sources/source.ts";

export function createPeopleParts(deps: {
  readonly keys: Keys;
  readonly identity: Pick<Identity, "people" | "sessions">;
  readonly models: LiveModelSettings;
  offers(): readonly Offer[];
  readonly explainPrice: Prices["explain"];
}): readonly AnyOperationHandler[] {
  const { keys, identity, models, offers, explainPrice } = deps;
  const { current, reload } = models;
  const directory = createDirectory(identity.people);
  const findKey: FindResource = (tx, id) => findKeyResource(keys, tx, id);
  const shareable: ResourceFinders = new Map<string, FindResource>([
    ["key", findKey],
    ["service-account", findServiceResource],
  ]);
  const resources = new Map([...shareable, ["team", findTeamResource], ["role", findRoleResource]]);
  const { revokeOwned: revokeKeysOf } = keys;
  const forgetCallers = (): void => {
    keys.forget();
    identity.sessions.forgetHere();
  };
  return [
    ...createKeyOperations({ keys, directory }),
    ...createPeopleOperations({ directory, shareable, revokeKeysOf, forgetCallers }),
    ...createAccessOperations({ directory, findKeyCaller: keys.findCaller, resources }),
    ...createModelOperations({ directory, reload }),
    ...createRoutingOperations({ directory, findKey, reload }),
    ...createCatalogueOperations({
      offers,
      explainPrice,
      listOwnNames: (offer) => listOwnNames(current(), offer),
      findVisibleTeams: (offer) => findVisibleTeams(current().visibility, offer),
    }),
  ];
}
