// Brings together the operations on how people are grouped and what they are given.

import type { AnyOperationHandler } from "../../operations/handler.ts";
import { createOrgMemberOperations, type OrgMemberDeps } from "./members/org-operations.ts";
import { createTeamMemberOperations } from "./members/team-operations.ts";
import { createRoleHolderOperations } from "./roles/holder-operations.ts";
import { createRoleOperations } from "./roles/operations.ts";
import { createServiceOperations } from "./services/operations.ts";
import { createShareOperations, type ShareDeps } from "./shares/operations.ts";
import { createTeamOperations, type TeamDeps } from "./teams/operations.ts";

export type PeopleOperationsDeps = TeamDeps & OrgMemberDeps & ShareDeps;

/** The handlers on teams, their members, roles, service accounts and shares. */
export function createPeopleOperations(deps: PeopleOperationsDeps): readonly AnyOperationHandler[] {
  return [
    ...createTeamOperations(deps),
    ...createTeamMemberOperations(deps),
    ...createServiceOperations(deps),
    ...createRoleOperations(deps),
    ...createRoleHolderOperations(deps),
    ...createOrgMemberOperations(deps),
    ...createShareOperations(deps),
  ];
}
