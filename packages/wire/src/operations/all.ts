// Every operation there is, in the order documents and help show them.

import type { Operation } from "./define-operation.ts";
import { exportAudit, listAudit, verifyAudit } from "./audit.ts";
import { createKey, listKeys, revokeKey } from "./keys.ts";
import { installLicence, showLicence } from "./licence.ts";
import { getRequestContent, listContentSettings, removeContentSetting, setContentSetting } from "./request-log.ts";
import { listSecrets, removeSecret, retireKey, rotateKey, setSecret, showRotation } from "./secrets.ts";
import { listWorkers } from "./workers.ts";

export const allOperations: readonly Operation[] = [
  createKey,
  listKeys,
  revokeKey,
  listWorkers,
  listAudit,
  exportAudit,
  verifyAudit,
  showLicence,
  installLicence,
  listContentSettings,
  setContentSetting,
  removeContentSetting,
  getRequestContent,
  listSecrets,
  setSecret,
  removeSecret,
  showRotation,
  rotateKey,
  retireKey,
];
