// Declares the acts on people's accounts.

import { z } from "zod";
import { orgRoles } from "../access.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

export const userSchema = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  /** In the organisation. */
  role: z.enum(orgRoles),
  /** How the account came about. */
  origin: z.enum(["setup", "invitation", "sso", "scim", "created"]),
  /** A directory manages it (SCIM). */
  managed: z.boolean(),
  twoFactor: z.boolean(),
  version: z.int(),
  createdAt: z.iso.datetime(),
  lastSignInAt: z.iso.datetime().nullable(),
  deactivatedAt: z.iso.datetime().nullable(),
});
export type UserView = z.infer<typeof userSchema>;

const idInput = z.strictObject({ id: z.string().min(1).max(200) });

export const listUsers = defineOperation({
  name: "users.list",
  summary: "List people's accounts.",
  action: "users.read",
  method: "GET",
  path: "/api/users",
  input: pageInput(
    {
      status: z.enum(["active", "deactivated"]).optional(),
      /** A part of the name or the address. */
      search: z.string().max(200).optional(),
    },
    ["name", "-name", "createdAt", "-createdAt"],
  ),
  output: pageOf(userSchema),
});

export const getUser = defineOperation({
  name: "users.get",
  summary: "Show a person's account.",
  action: "users.read",
  method: "GET",
  path: "/api/users/{id}",
  input: idInput,
  output: userSchema,
});

export const updateUser = defineOperation({
  name: "users.update",
  summary: "Change a person's name.",
  action: "users.edit",
  method: "PATCH",
  path: "/api/users/{id}",
  input: idInput.extend({ version: z.int().min(1).optional(), name: z.string().trim().min(1).max(100) }),
  output: userSchema,
});

export const deactivateUser = defineOperation({
  name: "users.deactivate",
  summary: "Deactivate an account: its sessions and keys end at once. The last owner cannot be deactivated.",
  action: "users.edit",
  method: "POST",
  path: "/api/users/{id}/deactivate",
  input: idInput,
  output: userSchema,
});

export const activateUser = defineOperation({
  name: "users.activate",
  summary: "Let a deactivated person sign in again. Their keys stay revoked.",
  action: "users.edit",
  method: "POST",
  path: "/api/users/{id}/activate",
  input: idInput,
  output: userSchema,
});

export const endUserSessions = defineOperation({
  name: "users.end-sessions",
  summary: "Sign a person out everywhere.",
  action: "users.edit",
  method: "POST",
  path: "/api/users/{id}/end-sessions",
  input: idInput,
  output: z.object({ ended: z.int() }),
});

export const removeUserFactors = defineOperation({
  name: "users.remove-factors",
  summary: "Remove a person's authenticator app and passkeys, as for a lost phone, and sign them out everywhere.",
  action: "users.edit",
  method: "POST",
  path: "/api/users/{id}/remove-factors",
  input: idInput,
  output: userSchema,
});

export const resetUserPassword = defineOperation({
  name: "users.reset-password",
  summary: "Make a link by which a person sets a new password. It works once, for an hour, and is shown only here.",
  action: "users.edit",
  method: "POST",
  path: "/api/users/{id}/reset-password",
  input: idInput,
  output: z.object({ url: z.string(), expiresAt: z.iso.datetime() }),
});
