// Declares the acts on roles that the organisation makes itself.

import { z } from "zod";
import { actionNames } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { descriptionInput, holderInput, idInput, nameInput, versionInput } from "./texts.ts";

export const roleSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  actions: z.array(z.string()),
  /** What belongs to this team is what the role is for; null: everything. */
  teamId: z.string().nullable(),
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type RoleView = z.infer<typeof roleSchema>;

export const roleHolderSchema = z.object({
  roleId: z.string(),
  holderId: z.string(),
  type: z.enum(["user", "service", "team"]),
  name: z.string(),
  createdAt: z.iso.datetime(),
});
export type RoleHolderView = z.infer<typeof roleHolderSchema>;

const actionsInput = z
  .array(z.enum(actionNames))
  .min(1)
  .max(actionNames.length)
  .describe("What it opens, such as audit.read or keys.edit. A wrong one is answered with those there are.");

export const listRoles = defineOperation({
  name: "roles.list",
  summary: "List the roles the organisation made itself.",
  action: "roles.read",
  method: "GET",
  path: "/api/roles",
  input: pageInput({ team: idInput.optional().describe("Only roles for this team.") }, [
    "name",
    "-name",
    "createdAt",
    "-createdAt",
  ]),
  output: pageOf(roleSchema),
});

export const getRole = defineOperation({
  name: "roles.get",
  summary: "Show a role.",
  action: "roles.read",
  method: "GET",
  path: "/api/roles/{id}",
  input: z.strictObject({ id: idInput }),
  output: roleSchema,
});

export const createRole = defineOperation({
  name: "roles.create",
  summary: "Make a role of actions that you may do yourself, for everything or for what belongs to a team.",
  action: "roles.edit",
  method: "POST",
  path: "/api/roles",
  input: z.strictObject({
    name: nameInput,
    description: descriptionInput.default(""),
    actions: actionsInput,
    team: idInput.optional().describe("The team it is for; left out: everything."),
  }),
  output: roleSchema,
});

export const updateRole = defineOperation({
  name: "roles.update",
  summary: "Change a role. Whoever holds it may do what it opens now.",
  action: "roles.edit",
  method: "PATCH",
  path: "/api/roles/{id}",
  input: z.strictObject({
    id: idInput,
    name: nameInput.optional(),
    description: descriptionInput.optional(),
    actions: actionsInput.optional(),
    version: versionInput,
  }),
  output: roleSchema,
});

export const removeRole = defineOperation({
  name: "roles.remove",
  summary: "Remove a role from everybody who holds it.",
  action: "roles.edit",
  method: "DELETE",
  path: "/api/roles/{id}",
  input: z.strictObject({ id: idInput }),
  output: roleSchema,
});

export const listRoleHolders = defineOperation({
  name: "roles.holders",
  summary: "List who holds a role.",
  action: "roles.read",
  method: "GET",
  path: "/api/roles/{id}/holders",
  input: pageInput({ id: idInput }, ["createdAt", "-createdAt"]),
  output: pageOf(roleHolderSchema),
});

export const giveRole = defineOperation({
  name: "roles.give",
  summary: "Give a role to a person, a service account or a team.",
  action: "roles.edit",
  method: "PUT",
  path: "/api/roles/{id}/holders/{holder}",
  input: z.strictObject({ id: idInput, holder: holderInput }),
  output: roleHolderSchema,
});

export const takeRole = defineOperation({
  name: "roles.take",
  summary: "Take a role from whoever holds it.",
  action: "roles.edit",
  method: "DELETE",
  path: "/api/roles/{id}/holders/{holder}",
  input: z.strictObject({ id: idInput, holder: holderInput }),
  output: roleHolderSchema,
});
