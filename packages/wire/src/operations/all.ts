// Every operation there is, in the order documents and help show them.

import type { Operation } from "./define-operation.ts";
import { createInvitation, listInvitations, resendInvitation, revokeInvitation } from "./invitations.ts";
import { createKey, listKeys, revokeKey } from "./keys.ts";
import { createScimToken, listScimTokens, revokeScimToken } from "./scim-tokens.ts";
import {
  createSsoProvider,
  disableSsoProvider,
  enableSsoProvider,
  listSsoProviders,
  removeSsoProvider,
  testSsoProvider,
  updateSsoProvider,
} from "./sso-providers.ts";
import {
  activateUser,
  deactivateUser,
  endUserSessions,
  getUser,
  listUsers,
  resetUserPassword,
  updateUser,
} from "./users.ts";
import { listWorkers } from "./workers.ts";

export const allOperations: readonly Operation[] = [
  createKey,
  listKeys,
  revokeKey,
  listUsers,
  getUser,
  updateUser,
  deactivateUser,
  activateUser,
  endUserSessions,
  resetUserPassword,
  listInvitations,
  createInvitation,
  resendInvitation,
  revokeInvitation,
  listSsoProviders,
  createSsoProvider,
  updateSsoProvider,
  testSsoProvider,
  enableSsoProvider,
  disableSsoProvider,
  removeSsoProvider,
  listScimTokens,
  createScimToken,
  revokeScimToken,
  listWorkers,
];
