// Declares the acts on service accounts: programs that have rights of their own and sign in by keys only.

import { z } from "zod";
import { orgRoles } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { descriptionInput, idInput, nameInput, versionInput } from "./texts.ts";

export const serviceAccountSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  /** null: it belongs to the organisation. */
  teamId: z.string().nullable(),
  orgRole: z.enum(orgRoles).nullable(),
  version: z.int(),
  createdAt: z.iso.datetime(),
  disabledAt: z.iso.datetime().nullable(),
});
export type ServiceAccountView = z.infer<typeof serviceAccountSchema>;

export const listServiceAccounts = defineOperation({
  name: "service-accounts.list",
  summary: "List service accounts, those that are disabled included.",
  action: "service-accounts.read",
  method: "GET",
  path: "/api/service-accounts",
  input: pageInput({ team: idInput.optional().describe("Only accounts of this team.") }, [
    "name",
    "-name",
    "createdAt",
    "-createdAt",
  ]),
  output: pageOf(serviceAccountSchema),
});

export const getServiceAccount = defineOperation({
  name: "service-accounts.get",
  summary: "Show a service account.",
  action: "service-accounts.read",
  method: "GET",
  path: "/api/service-accounts/{id}",
  input: z.strictObject({ id: idInput }),
  output: serviceAccountSchema,
});

export const createServiceAccount = defineOperation({
  name: "service-accounts.create",
  summary: "Make a service account of the organisation, or of a team, whose member it becomes.",
  action: "service-accounts.edit",
  method: "POST",
  path: "/api/service-accounts",
  input: z.strictObject({
    name: nameInput,
    description: descriptionInput.default(""),
    /** Id of the team it belongs to. */
    team: idInput.optional().describe("The team it belongs to; left out: the organisation."),
  }),
  output: serviceAccountSchema,
});

export const updateServiceAccount = defineOperation({
  name: "service-accounts.update",
  summary: "Change a service account's name or description.",
  action: "service-accounts.edit",
  method: "PATCH",
  path: "/api/service-accounts/{id}",
  input: z.strictObject({
    id: idInput,
    name: nameInput.optional(),
    description: descriptionInput.optional(),
    version: versionInput,
  }),
  output: serviceAccountSchema,
});

export const disableServiceAccount = defineOperation({
  name: "service-accounts.disable",
  summary: "Disable a service account: its keys stop working at once, until it is enabled again.",
  action: "service-accounts.edit",
  method: "POST",
  path: "/api/service-accounts/{id}/disable",
  input: z.strictObject({ id: idInput }),
  output: serviceAccountSchema,
});

export const enableServiceAccount = defineOperation({
  name: "service-accounts.enable",
  summary: "Enable a service account again: its keys that were not revoked work again.",
  action: "service-accounts.edit",
  method: "POST",
  path: "/api/service-accounts/{id}/enable",
  input: z.strictObject({ id: idInput }),
  output: serviceAccountSchema,
});
