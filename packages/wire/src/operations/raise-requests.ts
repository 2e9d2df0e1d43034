// Declares how people ask for a higher limit, and how that is decided.

import { z } from "zod";
import { limitAmountSchema } from "../limit.ts";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";

const states = ["open", "granted", "declined"] as const;

export const raiseRequestSchema = z.object({
  id: z.string(),
  limitId: z.string(),
  askedById: z.string(),
  askedByName: z.string(),
  /** What the limit should be. */
  amount: z.number(),
  reason: z.string(),
  state: z.enum(states),
  decidedByName: z.string().nullable(),
  note: z.string().nullable(),
  version: z.number(),
  createdAt: z.iso.datetime(),
  decidedAt: z.iso.datetime().nullable(),
});
export type RaiseRequestView = z.infer<typeof raiseRequestSchema>;

export const createRaiseRequest = defineOperation({
  name: "raise-requests.create",
  summary: "Ask for a higher limit, of those that count for oneself.",
  action: "raise-requests.edit",
  method: "POST",
  path: "/api/raise-requests",
  input: z.strictObject({
    limitId: z.string().min(1).max(200).describe("Which limit."),
    amount: limitAmountSchema.describe("What it should be; money in micro-dollars: a dollar is 1000000."),
    reason: z.string().trim().min(1).max(2000).describe("Why, for whoever decides."),
  }),
  output: raiseRequestSchema,
});

export const listRaiseRequests = defineOperation({
  name: "raise-requests.list",
  summary: "List requests for higher limits, newest first: one's own, or all for who may decide.",
  action: "raise-requests.read",
  method: "GET",
  path: "/api/raise-requests",
  input: pageInput({ state: z.enum(states).optional().describe("Only those in this state.") }, [
    "-createdAt",
    "createdAt",
  ]),
  output: pageOf(raiseRequestSchema),
});

export const decideRaiseRequest = defineOperation({
  name: "raise-requests.decide",
  summary: "Grant or decline a request. Granting sets the limit to what was asked for, or to another amount.",
  action: "limits.edit",
  method: "POST",
  path: "/api/raise-requests/{id}/decision",
  input: z.strictObject({
    id: z.string().min(1),
    version: z.int().optional(),
    decision: z.enum(["grant", "decline"]).describe("grant sets the limit, decline leaves it."),
    amount: limitAmountSchema.optional().describe("Instead of what was asked for."),
    note: z.string().trim().max(2000).optional().describe("For whoever asked."),
  }),
  output: raiseRequestSchema,
});
