// Declares the acts on the audit log: it is read, exported and proved. Nothing changes it.

import { z } from "zod";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { momentInput } from "./texts.ts";

export const auditEntrySchema = z.object({
  /** Without gaps, in the order of commits. */
  seq: z.number(),
  id: z.string(),
  at: z.iso.datetime(),
  actor: z.object({
    type: z.string(),
    id: z.string(),
    name: z.string(),
    /** Empty where no key was used. */
    keyId: z.string(),
  }),
  action: z.string(),
  target: z.object({ kind: z.string(), id: z.string(), name: z.string() }).nullable(),
  outcome: z.enum(["success", "failure", "denied"]),
  reason: z.string().nullable(),
  face: z.string(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  requestId: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
  hash: z.string(),
});
export type AuditEntryView = z.infer<typeof auditEntrySchema>;

const word = z.string().min(1).max(200).optional();

const filters = {
  actorId: word.describe("Only what this person or service account did."),
  keyId: word.describe("Only what was done with this key."),
  action: word.describe("Only this, such as keys.create; keys.* for all of keys."),
  targetKind: word.describe("Only what was done to such things, such as key or team."),
  targetId: word.describe("Only what was done to this thing."),
  outcome: z.enum(["success", "failure", "denied"]).optional().describe("Only what ended so."),
  face: z
    .enum(["api", "cli", "ui", "agent", "mcp", "scim", "system"])
    .optional()
    .describe("Only what was done through this: api, cli, ui, agent, mcp, scim or system."),
  requestId: word.describe("Only what this request did; its id is in x-request-id of the answer."),
  ip: word.describe("Only what came from this address."),
  since: momentInput.optional().describe("Only what was done then or later."),
  until: momentInput.optional().describe("Only what was done before."),
};

export const listAudit = defineOperation({
  name: "audit.list",
  summary: "List what was done, newest first: who did what to what, from where, and what changed.",
  action: "audit.read",
  method: "GET",
  path: "/api/audit",
  input: pageInput(filters, ["-seq", "seq"]),
  output: pageOf(auditEntrySchema),
});

export const exportAudit = defineOperation({
  name: "audit.export",
  summary:
    "Give audit entries as JSON lines or CSV, oldest first, in parts: ask again with the cursor until it is null.",
  action: "audit.read",
  audited: true,
  method: "GET",
  path: "/api/audit/export",
  input: z.strictObject({
    ...filters,
    format: z.enum(["jsonl", "csv"]).default("jsonl").describe("JSON lines, or CSV with a first line of names."),
    limit: z.coerce.number().int().min(1).max(1000).default(1000).describe("How many entries in one part."),
    cursor: z.string().max(1000).optional().describe("The `nextCursor` of the part before."),
  }),
  output: z.object({
    /** Of CSV the first part begins with the names of the columns. */
    text: z.string(),
    nextCursor: z.string().nullable(),
  }),
});

export const verifyAudit = defineOperation({
  name: "audit.verify",
  summary: "Prove that the audit log is as it was written, or name the first entry that is not.",
  action: "audit.read",
  method: "GET",
  path: "/api/audit/verify",
  input: z.strictObject({}),
  output: z.object({
    ok: z.boolean(),
    entries: z.number(),
    firstSeq: z.number(),
    lastSeq: z.number(),
    problem: z.object({ seq: z.number(), kind: z.string(), message: z.string() }).nullable(),
    anchors: z.object({ good: z.number(), unknownKey: z.number() }),
  }),
});
