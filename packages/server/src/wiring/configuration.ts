// Wires what a file can declare: every noun, in an order in which each names only those before it.

import type { AnyOperationHandler } from "../operations/handler.ts";
import { createConfigurationOperations } from "../records/configuration/operations.ts";
import { createPersonNames } from "../records/identity/users/names.ts";
import { createKeyApplicable } from "../records/keys/applicable.ts";
import type { Keys } from "../records/keys/keys.ts";
import { createLimitApplicable } from "../records/limits/applicable.ts";
import {
  createAliasApplicable,
  createRoutingApplicable,
  createVisibilityApplicable,
} from "../records/models/applicable.ts";
import { createRoleApplicable } from "../records/people/roles/applicable.ts";
import { createServiceApplicable } from "../records/people/services/applicable.ts";
import { createTeamApplicable } from "../records/people/teams/applicable.ts";
import { createComparisonApplicable, createPriceApplicable } from "../records/prices/applicable.ts";
import { createContentApplicable } from "../records/request-log/applicable.ts";
import { createSecretApplicable } from "../records/secrets/applicable.ts";

/** `handlers` are those of all nouns. */
export function createConfigurationParts(
  handlers: readonly AnyOperationHandler[],
  keys: Pick<Keys, "listDeclarable">,
): readonly AnyOperationHandler[] {
  const nouns = [
    createTeamApplicable(handlers),
    createServiceApplicable(handlers),
    createRoleApplicable(handlers),
    createKeyApplicable(handlers, keys),
    createLimitApplicable(handlers),
    createAliasApplicable(handlers),
    createVisibilityApplicable(handlers),
    createRoutingApplicable(handlers),
    createPriceApplicable(handlers),
    createComparisonApplicable(handlers),
    createContentApplicable(handlers),
    createSecretApplicable(handlers),
  ];
  return createConfigurationOperations(nouns, [createPersonNames(handlers)]);
}
