// Wires the SCIM server.

import type { AnyOperationHandler } from "../../../operations/handler.ts";
import type { Foundation } from "../foundation.ts";
import { createScimGroups } from "./groups.ts";
import { createScimPeople } from "./people.ts";
import { createRunScim } from "./run.ts";
import { createScim, type Scim } from "./scim.ts";
import { createScimStore } from "./store.ts";
import { createScimTokens } from "./tokens.ts";

export type ScimParts = Scim & { readonly operations: readonly AnyOperationHandler[] };

export function createScimParts(foundation: Foundation): ScimParts {
  const store = createScimStore(foundation.database);
  const tokens = createScimTokens({ store, clock: foundation.clock });
  const people = createScimPeople({ ...foundation, store });
  const groups = createScimGroups({ ...foundation, store });
  const run = createRunScim(foundation);
  const scim = createScim({ ...foundation, store, tokens, people, groups, run });
  return { handle: scim.handle, operations: tokens.operations };
}
