// Declares the acts on limits, their alerts, and requests to raise them.

import { z } from "zod";
import {
  findContradiction,
  limitActions,
  limitAmountSchema,
  limitMeasures,
  limitSubjectTypes,
  limitWindows,
  modelPatternSchema,
} from "../limit.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

const subject = z.enum(limitSubjectTypes).describe("Who the limit is for; org is everybody.");

export const limitSchema = z.object({
  id: z.string(),
  subject,
  /** Empty for everybody. */
  subjectId: z.string(),
  measure: z.enum(limitMeasures),
  window: z.enum(limitWindows).nullable(),
  /** Micro-dollars for money: a dollar is 1000000. */
  amount: z.number(),
  action: z.enum(limitActions),
  model: z.string().nullable(),
  version: z.number(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type LimitView = z.infer<typeof limitSchema>;

/** How ids of what a limit may be for begin. */
const prefixes = { org: "", team: "tem_", user: "usr_", service: "svc_", key: "key_" } as const;

const newLimitInput = z
  .strictObject({
    subject,
    subjectId: z.string().max(200).default("").describe("The id of whom it is for; left out for org."),
    measure: z.enum(limitMeasures).describe("What is counted; concurrency is requests at once."),
    window: z.enum(limitWindows).nullable().default(null).describe("How much in which time; left out for concurrency."),
    amount: limitAmountSchema.describe("How much; money in micro-dollars: a dollar is 1000000."),
    action: z.enum(limitActions).default("block").describe("What happens to a request that does not fit."),
    model: modelPatternSchema
      .nullable()
      .default(null)
      .describe("Only what such a model answers counts: its id or provider/id, * at the end for all that begin so."),
  })
  .superRefine((input, context) => {
    const { subject: type, subjectId } = input;
    const prefix = prefixes[type];
    if (type === "org" ? subjectId !== "" : !subjectId.startsWith(prefix) || subjectId === prefix) {
      const message =
        type === "org"
          ? "A limit for org is for everybody: leave it out."
          : `must be the id of the ${type} the limit is for; it begins with ${prefix}`;
      context.addIssue({ code: "custom", path: ["subjectId"], message });
    }
    const problem = findContradiction(input);
    if (problem !== undefined) context.addIssue({ code: "custom", ...problem, path: [...problem.path] });
  });

export const createLimit = defineOperation({
  name: "limits.create",
  summary: "Set a limit. It counts from now on; nested limits all count.",
  action: "limits.edit",
  method: "POST",
  path: "/api/limits",
  input: newLimitInput,
  output: limitSchema,
});

export const listLimits = defineOperation({
  name: "limits.list",
  summary: "List limits, newest first.",
  action: "limits.read",
  method: "GET",
  path: "/api/limits",
  input: pageInput(
    { subject: subject.optional(), subjectId: z.string().max(200).optional().describe("Only those for this id.") },
    ["-createdAt", "createdAt"],
  ),
  output: pageOf(limitSchema),
});

export const getLimit = defineOperation({
  name: "limits.get",
  summary: "Show one limit.",
  action: "limits.read",
  method: "GET",
  path: "/api/limits/{id}",
  input: z.strictObject({ id: z.string().min(1) }),
  output: limitSchema,
});

export const updateLimit = defineOperation({
  name: "limits.update",
  summary: "Change the amount or the action of a limit. What was used of it stays used.",
  action: "limits.edit",
  method: "PATCH",
  path: "/api/limits/{id}",
  input: z.strictObject({
    id: z.string().min(1),
    /** Of the limit as it was read; another one now is a conflict. */
    version: z.int().optional(),
    amount: limitAmountSchema.optional().describe("How much from now on; money in micro-dollars: a dollar is 1000000."),
    action: z.enum(limitActions).optional().describe("What happens to a request that does not fit."),
  }),
  output: limitSchema,
});

export const removeLimit = defineOperation({
  name: "limits.remove",
  summary: "Remove a limit, with what was counted for it.",
  action: "limits.edit",
  method: "DELETE",
  path: "/api/limits/{id}",
  input: z.strictObject({ id: z.string().min(1) }),
  output: limitSchema,
});

export const limitStatusSchema = limitSchema.extend({
  /** Settled, a second ago at most; of rates what this router has let in. Requests under way are not in it. */
  used: z.number(),
  /** Never negative. */
  remaining: z.number(),
  /** When a budget begins anew; null for rates. */
  resetsAt: z.iso.datetime().nullable(),
});
export type LimitStatus = z.infer<typeof limitStatusSchema>;

export const showLimitStatus = defineOperation({
  name: "limits.status",
  summary: "Show what is used and left: of one limit, or of all limits that count for oneself.",
  action: "limits.read",
  method: "GET",
  path: "/api/limit-status",
  input: z.strictObject({
    id: z.string().min(1).optional().describe("Only this limit; left out: all that count for who asks."),
  }),
  output: z.object({ limits: z.array(limitStatusSchema) }),
});

export const alertSchema = z.object({
  id: z.string(),
  limitId: z.string(),
  subject,
  subjectId: z.string(),
  measure: z.enum(limitMeasures),
  window: z.enum(limitWindows),
  windowStart: z.iso.datetime(),
  /** 50, 75, 90 or 100. */
  percent: z.number(),
  used: z.number(),
  amount: z.number(),
  at: z.iso.datetime(),
});
export type AlertView = z.infer<typeof alertSchema>;

export const testAlert = defineOperation({
  name: "alerts.test",
  summary: "Send a test to the webhook, once, and tell what it answered.",
  action: "limits.edit",
  method: "POST",
  path: "/api/alerts/test",
  input: z.strictObject({}),
  output: z.object({
    /** The `webhook-id` of what was sent. */
    id: z.string(),
    /** Of the webhook's answer. */
    status: z.int(),
    /** The beginning of what it answered. */
    answer: z.string(),
    ms: z.int(),
  }),
});

export const listAlerts = defineOperation({
  name: "alerts.list",
  summary:
    "List alerts of budgets, newest first: half, three quarters, nine tenths and all of it spent, once a window each.",
  action: "alerts.read",
  method: "GET",
  path: "/api/alerts",
  input: pageInput({ limitId: z.string().max(200).optional().describe("Only those of this limit.") }, ["-at", "at"]),
  output: pageOf(alertSchema),
});
