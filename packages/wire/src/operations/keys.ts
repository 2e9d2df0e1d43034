// Declares the acts on keys.

import { z } from "zod";
import { scopes } from "../access.ts";
import { findNearMatches } from "../near-matches.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { descriptionInput, idInput, momentInput, nameInput, versionInput } from "./texts.ts";

export const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  kind: z.enum(["caller", "worker"]),
  /** Whose acts are those of the key. `id` is null for the organisation. */
  owner: z.object({
    type: z.enum(["org", "user", "service", "team"]),
    id: z.string().nullable(),
    name: z.string(),
  }),
  /** A key of the organisation with all its rights. Always false for other owners and for worker keys. */
  admin: z.boolean(),
  /** The GPU or CLI provider a worker key belongs to. */
  provider: z.string().nullable(),
  /** First and last characters, e.g. `axk_1a2b…9xyz`. */
  masked: z.string(),
  /** What it is held to; null: all that its owner may. */
  scopes: z.array(z.string()).nullable(),
  /** Names of models and aliases, `*` at the end for all that begin so; null: all. */
  models: z.array(z.string()).nullable(),
  /** Names of agents, in the same way. */
  agents: z.array(z.string()).nullable(),
  /** Addresses and ranges it may be used from; null: anywhere. */
  ipRanges: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  /** The text it had before it was rotated works until then. */
  oldTextUntil: z.iso.datetime().nullable(),
  /** Written down every few seconds. */
  lastUsedAt: z.iso.datetime().nullable(),
  lastUsedFrom: z.string().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  version: z.int(),
});
export type KeyView = z.infer<typeof keySchema>;

const scopeInput = z.string().refine((scope) => scopes.includes(scope), {
  error: ({ input }) => explainScope(String(input)),
});

function explainScope(scope: string): string {
  const near = findNearMatches(scope, scopes);
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `there are ${scopes.join(", ")}`;
  return `"${scope.slice(0, 100)}" is no scope; ${hint}`;
}

const patternInput = z
  .string()
  .max(200)
  .regex(/^[^*\s]+\*?$|^\*$/, "must be a name, or the beginning of names with * at its end");
const rangeInput = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  "must be an address like 203.0.113.7 or a range like 10.0.0.0/8 or 2001:db8::/32",
);

/** What a key may be held to. Null takes a limit away. */
const limitInputs = {
  scopes: z
    .array(scopeInput)
    .min(1)
    .max(100)
    .nullable()
    .optional()
    .describe("What it may do: inference to use models, keys:read, usage:write and the like to administer."),
  models: z
    .array(patternInput)
    .min(1)
    .max(100)
    .nullable()
    .optional()
    .describe("Models or aliases it may use; gpt-5* for all that begin so, gpu/* for all of a provider."),
  agents: z.array(patternInput).min(1).max(100).nullable().optional().describe("Agents it may use, in the same way."),
  ipRanges: z
    .array(rangeInput)
    .min(1)
    .max(100)
    .nullable()
    .optional()
    .describe("Addresses or ranges it may be used from, such as 203.0.113.7 or 10.0.0.0/8."),
  expiresAt: momentInput.nullable().optional().describe("When it stops working."),
};

export const createKey = defineOperation({
  name: "keys.create",
  summary: "Create a key. Its text is in the answer and never shown again.",
  action: "keys.edit",
  method: "POST",
  path: "/api/keys",
  input: z.strictObject({
    name: nameInput.describe("What to call it in lists."),
    description: descriptionInput.default(""),
    kind: z.enum(["caller", "worker"]).default("caller").describe("Callers use models, workers bring them."),
    owner: z
      .string()
      .max(200)
      .regex(
        /^(org$|(usr|svc|tem)_.)/,
        "must be org, or the id of a person (usr_…), a service account (svc_…) or a team (tem_…)",
      )
      .optional()
      .describe("org, or the id of a person, a service account or a team. Left out: whoever makes it."),
    admin: z.boolean().default(false).describe("May administer too. Not for workers."),
    provider: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('The GPU or CLI provider that the worker belongs to; "gpu" when it is left out.'),
    ...limitInputs,
  }),
  output: keySchema.extend({ key: z.string() }),
});

export const listKeys = defineOperation({
  name: "keys.list",
  summary: "List keys, newest first, revoked ones included.",
  action: "keys.read",
  method: "GET",
  path: "/api/keys",
  input: pageInput(
    {
      kind: z.enum(["caller", "worker"]).optional().describe("Only those."),
      owner: idInput.optional().describe("Only those of org, or of the person, service account or team with this id."),
    },
    ["-createdAt", "createdAt", "name", "-name"],
  ),
  output: pageOf(keySchema),
});

export const getKey = defineOperation({
  name: "keys.get",
  summary: "Show a key, without its text.",
  action: "keys.read",
  method: "GET",
  path: "/api/keys/{id}",
  input: z.strictObject({ id: idInput }),
  output: keySchema,
});

export const updateKey = defineOperation({
  name: "keys.update",
  summary: "Change what a key is called and held to. Null takes a limit away.",
  action: "keys.edit",
  method: "PATCH",
  path: "/api/keys/{id}",
  input: z.strictObject({
    id: idInput,
    name: nameInput.optional(),
    description: descriptionInput.optional(),
    ...limitInputs,
    version: versionInput,
  }),
  output: keySchema,
});

/** A month. */
const longestOverlapHours = 720;

export const rotateKey = defineOperation({
  name: "keys.rotate",
  summary: "Give a key a new text. The old one works for some hours more, so that programs can be changed meanwhile.",
  action: "keys.edit",
  method: "POST",
  path: "/api/keys/{id}/rotate",
  input: z.strictObject({
    id: idInput,
    overlapHours: z
      .number()
      .min(0)
      .max(longestOverlapHours)
      .default(24)
      .describe(`How long the old text still works, ${longestOverlapHours} at most; 0: it stops at once.`),
  }),
  output: keySchema.extend({ key: z.string() }),
});

export const revokeKey = defineOperation({
  name: "keys.revoke",
  summary: "Revoke a key by its id. It stops working at once; a worker that used it is disconnected.",
  action: "keys.edit",
  method: "DELETE",
  path: "/api/keys/{id}",
  input: z.strictObject({ id: idInput }),
  output: keySchema,
});
