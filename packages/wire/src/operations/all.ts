// Every operation there is, in the order documents and help show them.

import type { Operation } from "./define-operation.ts";
import { explainAccess } from "./access.ts";
import { exportAudit, listAudit, verifyAudit } from "./audit.ts";
import { applyConfiguration, exportConfiguration } from "./configuration.ts";
import { createKey, getKey, listKeys, revokeKey, rotateKey, updateKey } from "./keys.ts";
import { installLicence, showLicence } from "./licence.ts";
import { createLimit, getLimit, listAlerts, listLimits, removeLimit, showLimitStatus, updateLimit } from "./limits.ts";
import {
  listAliases,
  listCatalogue,
  listRouting,
  listVisibility,
  removeAlias,
  removeRouting,
  setAlias,
  setRouting,
  setVisibility,
} from "./models.ts";
import { listOrgMembers, setOrgMember } from "./org-members.ts";
import {
  findPrice,
  listComparisons,
  listPriceHistory,
  listPrices,
  removeComparison,
  removePrice,
  setComparison,
  setPrice,
} from "./prices.ts";
import { createRaiseRequest, decideRaiseRequest, listRaiseRequests } from "./raise-requests.ts";
import { getRequestContent, listContentSettings, removeContentSetting, setContentSetting } from "./request-log.ts";
import {
  createRole,
  getRole,
  giveRole,
  listRoleHolders,
  listRoles,
  removeRole,
  takeRole,
  updateRole,
} from "./roles.ts";
import { listSecrets, removeSecret, retireSecretKey, rotateSecretKey, setSecret, showRotation } from "./secrets.ts";
import {
  createServiceAccount,
  disableServiceAccount,
  enableServiceAccount,
  getServiceAccount,
  listServiceAccounts,
  updateServiceAccount,
} from "./service-accounts.ts";
import { listShares, removeShare, setShare } from "./shares.ts";
import {
  createTeam,
  getTeam,
  listTeamMembers,
  listTeams,
  removeTeam,
  removeTeamMember,
  setTeamMember,
  updateTeam,
} from "./teams.ts";
import { listUsageRecords, queryUsage } from "./usage.ts";
import { listWorkers } from "./workers.ts";

export const allOperations: readonly Operation[] = [
  createKey,
  listKeys,
  getKey,
  updateKey,
  rotateKey,
  revokeKey,
  listWorkers,
  explainAccess,
  listAudit,
  exportAudit,
  verifyAudit,
  exportConfiguration,
  applyConfiguration,
  showLicence,
  installLicence,
  createLimit,
  listLimits,
  getLimit,
  updateLimit,
  removeLimit,
  showLimitStatus,
  listAlerts,
  listCatalogue,
  listVisibility,
  setVisibility,
  listAliases,
  setAlias,
  removeAlias,
  listRouting,
  setRouting,
  removeRouting,
  listOrgMembers,
  setOrgMember,
  listPrices,
  listPriceHistory,
  setPrice,
  removePrice,
  findPrice,
  listComparisons,
  setComparison,
  removeComparison,
  createRaiseRequest,
  listRaiseRequests,
  decideRaiseRequest,
  listContentSettings,
  setContentSetting,
  removeContentSetting,
  getRequestContent,
  listRoles,
  getRole,
  createRole,
  updateRole,
  removeRole,
  listRoleHolders,
  giveRole,
  takeRole,
  listSecrets,
  setSecret,
  removeSecret,
  showRotation,
  rotateSecretKey,
  retireSecretKey,
  listServiceAccounts,
  getServiceAccount,
  createServiceAccount,
  updateServiceAccount,
  disableServiceAccount,
  enableServiceAccount,
  listShares,
  setShare,
  removeShare,
  listTeams,
  getTeam,
  createTeam,
  updateTeam,
  removeTeam,
  listTeamMembers,
  setTeamMember,
  removeTeamMember,
  queryUsage,
  listUsageRecords,
];
