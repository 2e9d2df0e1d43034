// Declares the acts on what is kept of requests' contents: how much, for whom, for how long, and reading it.

import { z } from "zod";
import { defineOperation } from "./define-operation.ts";

/** From nothing to everything. `metadata`: shapes and sizes, no text. `redacted`: without what looks personal or secret. */
export const contentLevels = ["off", "metadata", "redacted", "full"] as const;
export type ContentLevel = (typeof contentLevels)[number];

const scopeSchema = z.union([z.literal("org"), z.string().regex(/^tem_\w+$/, "must be org or a team's id (tem_…)")]);

export const contentSettingSchema = z.object({
  /** `org`, or a team's id. */
  scope: z.string(),
  level: z.enum(contentLevels),
  retentionDays: z.number(),
  /** Taken out of redacted contents wherever they stand, whatever their case. */
  words: z.array(z.string()),
  version: z.number(),
  updatedAt: z.iso.datetime(),
});
export type ContentSetting = z.infer<typeof contentSettingSchema>;

export const listContentSettings = defineOperation({
  name: "content-logging.list",
  summary: "List what is kept of requests' contents: for the organisation, and for the teams that differ from it.",
  action: "content-logging.read",
  method: "GET",
  path: "/api/content-logging",
  input: z.strictObject({}),
  output: z.object({ items: z.array(contentSettingSchema), nextCursor: z.null() }),
});

export const setContentSetting = defineOperation({
  name: "content-logging.set",
  summary:
    "Choose what is kept of requests' contents, for the organisation or one team. Nothing is kept unless chosen.",
  action: "content-logging.edit",
  method: "PUT",
  path: "/api/content-logging/{scope}",
  input: z.strictObject({
    scope: scopeSchema,
    level: z
      .enum(contentLevels)
      .describe("From nothing to everything; redacted: without what looks personal or secret."),
    retentionDays: z.number().int().min(1).max(3650).default(30).describe("For how many days, 3650 at most."),
    words: z
      .array(z.string().trim().min(3).max(200))
      .max(1000)
      .default([])
      .describe("Taken out of redacted contents wherever they stand."),
    version: z.number().int().optional(),
  }),
  output: contentSettingSchema,
});

export const removeContentSetting = defineOperation({
  name: "content-logging.remove",
  summary: "Let a team follow the organisation's choice again, or the organisation keep nothing.",
  action: "content-logging.edit",
  method: "DELETE",
  path: "/api/content-logging/{scope}",
  input: z.strictObject({ scope: scopeSchema }),
  output: z.object({ scope: z.string() }),
});

export const requestContentSchema = z.object({
  requestId: z.string(),
  at: z.iso.datetime(),
  keyId: z.string(),
  level: z.enum(["metadata", "redacted", "full"]),
  expiresAt: z.iso.datetime(),
  /** The request in Auxot's own words, whatever format it came in; media by type and size. */
  request: z.record(z.string(), z.unknown()),
  /** null: it failed before there was one. */
  answer: z.record(z.string(), z.unknown()).nullable(),
  /** Something was longer than is kept. */
  truncated: z.boolean(),
});
export type RequestContent = z.infer<typeof requestContentSchema>;

export const getRequestContent = defineOperation({
  name: "request-content.get",
  summary: "Read what was kept of one request's content. The reading itself is audited.",
  action: "request-content.read",
  audited: true,
  method: "GET",
  path: "/api/request-content/{id}",
  input: z.strictObject({ id: z.string().min(1).max(200) }),
  output: requestContentSchema,
});
