// Declares the acts on keys.

import { z } from "zod";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

export const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["caller", "worker"]),
  /** May use the administrative API. Always false for worker keys. */
  admin: z.boolean(),
  /** The GPU or CLI provider a worker key belongs to. */
  provider: z.string().nullable(),
  /** First and last characters, e.g. `axk_1a2b…9xyz`. */
  masked: z.string(),
  createdAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
});
export type KeyView = z.infer<typeof keySchema>;

export const createKey = defineOperation({
  name: "keys.create",
  summary: "Create a key. Its text is in the answer and never shown again.",
  action: "keys.edit",
  method: "POST",
  path: "/api/keys",
  input: z.strictObject({
    name: z.string().trim().min(1).max(100),
    kind: z.enum(["caller", "worker"]).default("caller"),
    admin: z.boolean().default(false),
    provider: z.string().min(1).max(100).optional(),
  }),
  output: keySchema.extend({ key: z.string() }),
});

export const listKeys = defineOperation({
  name: "keys.list",
  summary: "List keys, newest first, revoked ones included.",
  action: "keys.read",
  method: "GET",
  path: "/api/keys",
  input: pageInput({ kind: z.enum(["caller", "worker"]).optional() }, ["-createdAt", "createdAt", "name", "-name"]),
  output: pageOf(keySchema),
});

export const revokeKey = defineOperation({
  name: "keys.revoke",
  summary: "Revoke a key by its id. It stops working at once; a worker that used it is disconnected.",
  action: "keys.edit",
  method: "DELETE",
  path: "/api/keys/{id}",
  input: z.strictObject({ id: z.string().min(1) }),
  output: keySchema,
});
