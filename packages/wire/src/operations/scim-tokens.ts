// Declares the acts on tokens by which a directory manages people and groups (SCIM 2.0).

import { z } from "zod";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

export const scimTokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  masked: z.string(),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});
export type ScimTokenView = z.infer<typeof scimTokenSchema>;

export const listScimTokens = defineOperation({
  name: "scim-tokens.list",
  summary: "List the tokens of directories, newest first.",
  action: "scim-tokens.read",
  method: "GET",
  path: "/api/scim-tokens",
  input: pageInput({}, ["-createdAt", "createdAt"]),
  output: pageOf(scimTokenSchema),
});

export const createScimToken = defineOperation({
  name: "scim-tokens.create",
  summary: "Create a token for a directory. Its text is in the answer and never shown again.",
  action: "scim-tokens.edit",
  method: "POST",
  path: "/api/scim-tokens",
  input: z.strictObject({ name: z.string().trim().min(1).max(100) }),
  output: scimTokenSchema.extend({ token: z.string() }),
});

export const revokeScimToken = defineOperation({
  name: "scim-tokens.revoke",
  summary: "Revoke a directory's token. It stops working at once; people and groups stay as they are.",
  action: "scim-tokens.edit",
  method: "DELETE",
  path: "/api/scim-tokens/{id}",
  input: z.strictObject({ id: z.string().min(1).max(200) }),
  output: scimTokenSchema,
});
