// Declares the questions about usage: sums over time, and the record of each request.

import { z } from "zod";
import { defineOperation } from "./define-operation.ts";
import { pageInput, pageOf } from "./page.ts";
import { momentInput } from "./texts.ts";

/** What usage can be divided by, and held to. `owner`: the person, service account or team whose key it was. */
export const usageDimensions = [
  "model",
  "tier",
  "provider",
  "team",
  "owner",
  "key",
  "tag",
  "dialect",
  "outcome",
] as const;
export type UsageDimension = (typeof usageDimensions)[number];

/** What groups can be ordered by: the largest first. */
export const usageSorts = ["costMicroUsd", "savedMicroUsd", "requests", "inputTokens", "outputTokens"] as const;

/** Groups of a page times the hours, days or months asked for. */
export const maxUsagePoints = 20_000;

/** A list, or a text with commas as an address holds it. */
const listSchema = z
  .union([z.array(z.string()), z.string().max(4000).transform(splitText)])
  .refine((values) => values.length <= 50, "must be 50 values at most, separated by commas");

function splitText(text: string): string[] {
  return [...new Set(text.split(",").map((part) => part.trim()))].filter((part) => part !== "");
}

/** Several values by commas: any of them will do. */
const dimensionFilters = Object.fromEntries(
  usageDimensions.map((dimension) => [
    dimension,
    listSchema.optional().describe(`Only this ${dimension}; several with commas.`),
  ]),
) as Record<UsageDimension, z.ZodOptional<typeof listSchema>>;

const sumsShape = {
  requests: z.number(),
  /** Of `requests`. */
  failedRequests: z.number(),
  cancelledRequests: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cachedInputTokens: z.number(),
  cacheWriteTokens: z.number(),
  reasoningTokens: z.number(),
  costMicroUsd: z.number(),
  /** What the cloud would have cost, less what it cost. */
  savedMicroUsd: z.number(),
  /** Requests whose tokens are an estimate. */
  estimatedRequests: z.number(),
  /** Requests whose price nobody knows: they are not in `costMicroUsd`. */
  unpricedRequests: z.number(),
  /** Requests that read from a prompt cache. */
  cacheHits: z.number(),
};
export const usageSumsSchema = z.object(sumsShape);
export type UsageSums = z.infer<typeof usageSumsSchema>;

const percentilesSchema = z.object({
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});
/** In milliseconds, off by 4.5 % at most; null where nothing was measured. */
const timesShape = {
  queueMs: percentilesSchema,
  firstTokenMs: percentilesSchema,
  totalMs: percentilesSchema,
};
export type UsageTimes = z.infer<z.ZodObject<typeof timesShape>>;

const pointSchema = z.object({ at: z.iso.datetime(), ...sumsShape });
export type UsagePoint = z.infer<typeof pointSchema>;

export const queryUsage = defineOperation({
  name: "usage.query",
  summary: "Add up usage by hour, day or month, divided by up to two things: tokens, money, times, what was saved.",
  action: "usage.read",
  method: "GET",
  path: "/api/usage",
  input: z.strictObject({
    from: momentInput
      .optional()
      .describe("Widened to whole hours, days or months of UTC. Left out: 30 days before `to`."),
    to: momentInput.optional().describe("Left out: now."),
    bucket: z.enum(["hour", "day", "month"]).default("day").describe("How finely it is divided over time."),
    groupBy: listSchema
      .pipe(z.array(z.enum(usageDimensions)).max(2, "must be two of them at most"))
      .default([])
      .describe(`Up to two of ${usageDimensions.join(", ")}, separated by a comma.`),
    ...dimensionFilters,
    sort: z.enum(usageSorts).default("costMicroUsd").describe("Which groups come first: those with the most of it."),
    limit: z.coerce.number().int().min(1).max(200).default(20).describe("How many groups on a page, 1 to 200."),
    cursor: z.string().max(200).optional().describe("The `nextCursor` of the page before."),
  }),
  output: z.object({
    /** What was added up: `from` included, `to` not. */
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    bucket: z.enum(["hour", "day", "month"]),
    /** Of everything, whatever page of groups this is. A request with two tags counts once. */
    totals: usageSumsSchema.extend(timesShape),
    /** Only hours, days or months with requests, the oldest first; `at` is their beginning. */
    series: z.array(pointSchema),
    /** The largest first; null is for requests without, such as those without a team. */
    groups: z.array(
      usageSumsSchema.extend({
        ...timesShape,
        group: z.partialRecord(z.enum(usageDimensions), z.string().nullable()),
        series: z.array(pointSchema),
      }),
    ),
    nextCursor: z.string().nullable(),
  }),
});
export type UsageAnswer = z.infer<typeof queryUsage.output>;
export type UsageQuestion = z.output<typeof queryUsage.input>;

export const usageRecordSchema = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  keyId: z.string(),
  keyName: z.string(),
  ownerId: z.string().nullable(),
  teamId: z.string().nullable(),
  dialect: z.string(),
  stream: z.boolean(),
  requestedModel: z.string(),
  /** What answered; null when nobody was asked. */
  model: z.string().nullable(),
  tier: z.string().nullable(),
  provider: z.string().nullable(),
  worker: z.string().nullable(),
  tries: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cachedInputTokens: z.number(),
  cacheWriteTokens: z.number(),
  reasoningTokens: z.number(),
  usageEstimated: z.boolean(),
  /** null: nobody knows the price. */
  costMicroUsd: z.number().nullable(),
  savedMicroUsd: z.number().nullable(),
  queueMs: z.number(),
  firstTokenMs: z.number().nullable(),
  totalMs: z.number(),
  outcome: z.enum(["ok", "error", "cancelled"]),
  errorCode: z.string().nullable(),
  status: z.number(),
  tags: z.array(z.string()),
  /** The caller's program, as it calls itself. */
  client: z.string().nullable(),
});
export type UsageRecordView = z.infer<typeof usageRecordSchema>;

const recordFilters = {
  from: momentInput.optional().describe("Only requests that began then or later."),
  to: momentInput.optional().describe("Only requests that began before."),
  ...dimensionFilters,
  client: listSchema.optional().describe("Only requests of this program, as it calls itself; several with commas."),
  errorCode: listSchema.optional().describe("Only requests that ended with this code; several with commas."),
};

export const listUsageRecords = defineOperation({
  name: "usage.records",
  summary: "List the record of each request, newest first: who, what, where it ran, tokens, money, times, outcome.",
  action: "usage.read",
  method: "GET",
  path: "/api/usage/records",
  input: pageInput(recordFilters, ["-at", "at"]),
  output: pageOf(usageRecordSchema),
});
export type UsageRecordQuestion = z.output<typeof listUsageRecords.input>;

/** Streamed by an edge of its own, so that it may be of any length: its output is a file. */
export const exportUsage = defineOperation({
  name: "usage.export",
  summary: "Download the record of every request that fits, as CSV or JSON.",
  action: "usage.read",
  method: "GET",
  path: "/api/usage/export",
  input: z.strictObject({
    ...recordFilters,
    sort: z.enum(["at", "-at"]).default("at"),
    format: z.enum(["csv", "json"]).default("csv"),
  }),
  output: z.string(),
});
