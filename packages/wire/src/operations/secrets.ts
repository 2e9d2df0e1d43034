// Declares the acts on named secrets and on the secret keys they are sealed with. A value goes in and never comes out.

import { z } from "zod";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

export const secretScopes = ["org", "team", "user"] as const;
export type SecretScope = (typeof secretScopes)[number];

export const secretSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Whom it is for. A name means the user's own secret before the team's, and that before the organisation's. */
  scope: z.enum(secretScopes),
  /** Of the team or user; null for the organisation. */
  scopeId: z.string().nullable(),
  description: z.string(),
  /** Its last four characters; empty when it is too short to show any. */
  last4: z.string(),
  version: z.number(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
  lastReadAt: z.iso.datetime().nullable(),
  /** What read it, the latest first, twenty at most. */
  usedBy: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      name: z.string(),
      reads: z.number(),
      lastReadAt: z.iso.datetime(),
    }),
  ),
});
export type SecretView = z.infer<typeof secretSchema>;

const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/,
    "must be letters, digits, dots, dashes and _, 100 at most, beginning with a letter or _",
  );

export const listSecrets = defineOperation({
  name: "secrets.list",
  summary: "List secrets by name, with what used them. Values are never shown.",
  action: "secrets.read",
  method: "GET",
  path: "/api/secrets",
  input: pageInput(
    {
      scope: z.enum(secretScopes).optional().describe("Only those of the organisation, of teams, or of users."),
      scopeId: z.string().min(1).max(100).optional().describe("Only those of this team or user."),
    },
    ["name", "-name", "-updatedAt", "updatedAt"],
  ),
  output: pageOf(secretSchema),
});

export const setSecret = defineOperation({
  name: "secrets.set",
  summary: "Set a secret of the organisation, a team or a user: a new one, or a new value for the one of that name.",
  action: "secrets.edit",
  method: "PUT",
  path: "/api/secrets",
  input: z.strictObject({
    name: nameSchema,
    scope: z.enum(secretScopes).default("org").describe("Whose it is."),
    scopeId: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("The team's or user's id; left out for the organisation, and for one's own."),
    value: z.string().min(1).max(65_536).describe("Goes in and never comes out."),
    description: z.string().max(500).optional().describe("What it is for; left out: as it was."),
    version: z
      .int()
      .min(0)
      .optional()
      .describe("Refused unless the secret is at this version; 0: unless there is none of that name."),
  }),
  output: secretSchema,
});

export const removeSecret = defineOperation({
  name: "secrets.remove",
  summary: "Remove a secret by its id. What uses it fails from then on.",
  action: "secrets.edit",
  method: "DELETE",
  path: "/api/secrets/{id}",
  input: z.strictObject({ id: z.string().min(1), version: z.coerce.number().int().min(1).optional() }),
  output: secretSchema,
});

const rotationSchema = z.object({
  currentKeyId: z.string(),
  keys: z.array(
    z.object({
      id: z.string(),
      state: z.enum(["current", "previous", "retired"]),
      currentSince: z.iso.datetime(),
      /** Stored texts that are sealed with it. */
      texts: z.number(),
      /** The router that answers has it. */
      available: z.boolean(),
    }),
  ),
  /** Stored texts that are not sealed with the current key yet. */
  left: z.number(),
});
export type RotationView = z.infer<typeof rotationSchema>;

export const showRotation = defineOperation({
  name: "secrets.rotation",
  summary: "Show the secret keys, and how much is still sealed with older ones.",
  action: "secrets.rotate",
  method: "GET",
  path: "/api/secrets/rotation",
  input: z.strictObject({}),
  output: rotationSchema,
});

export const rotateSecretKey = defineOperation({
  name: "secrets.rotate-key",
  summary: "Make a new secret key the current one. Everything is sealed with it in the background; nothing stops.",
  action: "secrets.rotate",
  method: "POST",
  path: "/api/secrets/rotate-key",
  input: z.strictObject({}),
  output: z.object({
    /** The key that was current until now. */
    previousKeyId: z.string(),
    /** Stored texts to seal anew. */
    texts: z.number(),
  }),
});

export const retireSecretKey = defineOperation({
  name: "secrets.retire-key",
  summary: "Take an old secret key out of the ring, once nothing is sealed with it. Older backups need it to be read.",
  action: "secrets.rotate",
  method: "POST",
  path: "/api/secrets/retire-key",
  input: z.strictObject({
    id: z.string().min(1).max(200).describe("Of a previous key, as secrets rotation lists them."),
  }),
  output: z.object({ id: z.string() }),
});
