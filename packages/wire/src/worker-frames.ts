// The frames between router and worker: JSON text messages over one WebSocket the worker opens at `/ws`.
// The key travels in the upgrade's `authorization` header. Control frames are checked by schema, `job-events` by hand
// because it is the hot one.

import { z } from "zod";
import type { ChatEvent } from "./chat-event.ts";
import type { ChatRequest } from "./chat.ts";
import { maxEmbedInputs, type EmbedRequest } from "./embed.ts";
import { AppError, errorCodes, isErrorCode, type ErrorBody, type ErrorCode } from "./errors.ts";
import { modelOfferSchema } from "./model-offer.ts";

/** Both sides must speak the same one; a difference is refused with a message that says which side to upgrade. */
export const protocolVersion = 1;
/** WebSocket close codes: `refused` must not be retried with the same key or version. */
export const closeCodes = { refused: 4001, badFrame: 4002, replaced: 4003, silent: 4004, shutdown: 4005 } as const;
/** Of UTF-8. */
export const maxFrameBytes = 64 * 1024 * 1024;

export const hardwareSchema = z.object({
  os: z.string(),
  arch: z.string(),
  cpus: z.int().nonnegative(),
  memoryBytes: z.number().nonnegative(),
  gpus: z.array(z.object({ name: z.string(), memoryBytes: z.number().nonnegative() })),
});
export type Hardware = z.infer<typeof hardwareSchema>;

const errorBodySchema = z.object({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  param: z.string().exactOptional(),
  retryAfterMs: z.number().nonnegative().exactOptional(),
});

const helloSchema = z.object({
  type: z.literal("hello"),
  protocol: z.int(),
  /** Made once per worker process; the same after a reconnect, so that jobs can go on. */
  instanceId: z.string().min(8).max(100),
  name: z.string().min(1).max(100),
  version: z.string().max(50),
  kind: z.enum(["gpu", "cli"]),
  engine: z.string().max(100),
  hardware: hardwareSchema,
  offers: z.array(modelOfferSchema).max(200),
  /** Jobs still running here after a lost link. */
  jobs: z.array(z.string()),
});
/** The first frame of a worker, within 10 s of the upgrade. */
export type HelloFrame = z.infer<typeof helloSchema>;

/** Frames a worker sends. */
export type WorkerFrame =
  | HelloFrame
  /** Replaces all offers. */
  | { readonly type: "offers"; readonly offers: z.infer<typeof modelOfferSchema>[] }
  /** No new jobs, please; running ones go on to their end. */
  | { readonly type: "drain" }
  | { readonly type: "ping"; readonly at: number }
  | { readonly type: "pong"; readonly at: number }
  /** `seq` counts the frames of this job from 0 without gaps, `job-done` included. */
  | { readonly type: "job-events"; readonly jobId: string; readonly seq: number; readonly events: readonly ChatEvent[] }
  /** Instead of `job-events` in a job begun by `embed-start`: see `EmbedPart`. */
  | {
      readonly type: "embed-vectors";
      readonly jobId: string;
      readonly seq: number;
      readonly vectors: readonly string[];
      readonly inputTokens: number;
    }
  /** The job is over and its slot free: one credit goes back. `error` says it failed; without it the answer came before, to its `end` event or last vector (or the job was cancelled). `parked`: the worker keeps a process waiting for the results of the tools that this job called. */
  | {
      readonly type: "job-done";
      readonly jobId: string;
      readonly seq: number;
      readonly error?: ErrorBody;
      readonly parked?: true;
    }
  /** Answers `tokens-count`: one of the two is there. */
  | {
      readonly type: "tokens-counted";
      readonly countId: string;
      readonly inputTokens?: number;
      readonly error?: ErrorBody;
    };

/** Frames the router sends. */
export type RouterFrame =
  | {
      readonly type: "welcome";
      readonly workerId: string;
      /** Each side pings when it has sent nothing for this long, and gives the link up after `silenceLimitMs` without any frame. */
      readonly pingEveryMs: number;
      readonly silenceLimitMs: number;
      /** How long a lost link may take to come back before its jobs are given up. */
      readonly resumeWindowMs: number;
      /** Jobs to go on with, from the first frame the router has not seen. Jobs not named here must be cancelled. */
      readonly resume: readonly { readonly jobId: string; readonly nextSeq: number }[];
    }
  /** Followed by close code `refused`. Not to be retried. */
  | { readonly type: "refused"; readonly error: ErrorBody }
  | { readonly type: "ping"; readonly at: number }
  | { readonly type: "pong"; readonly at: number }
  /** `request` has no `original`; `request.model` is the offer's concrete id. */
  | { readonly type: "job-start"; readonly jobId: string; readonly request: ChatRequest }
  /** A job like any other, on a model that makes embeddings. `request` as in `job-start`. */
  | { readonly type: "embed-start"; readonly jobId: string; readonly request: EmbedRequest }
  | { readonly type: "job-cancel"; readonly jobId: string }
  /** Frames up to and including `seq` were consumed: the worker may forget them, and go on when it waited for room. */
  | { readonly type: "job-ack"; readonly jobId: string; readonly seq: number }
  /** How many tokens would `request` have as a prompt? Needs no slot. `request` as in `job-start`. */
  | { readonly type: "tokens-count"; readonly countId: string; readonly request: ChatRequest }
  /** The router stops: finish what runs, then reconnect later. */
  | { readonly type: "shutdown" };

/** The router acknowledges at least every so many frames of a job. */
export const ackEveryFrames = 16;
/** A worker pauses a job's engine while so many of its frames are unacknowledged. */
export const maxUnackedFrames = 256;

/** Blocks one answer may have. Readers keep them in an array, which a wild index would blow up. */
const maxBlocks = 65_536;

const stamp = z.object({ at: z.number() });
const workerControlSchema = z.discriminatedUnion("type", [
  helloSchema,
  z.object({ type: z.literal("offers"), offers: z.array(modelOfferSchema).max(200) }),
  z.object({ type: z.literal("drain") }),
  stamp.extend({ type: z.literal("ping") }),
  stamp.extend({ type: z.literal("pong") }),
  z.object({
    type: z.literal("embed-vectors"),
    jobId: z.string(),
    seq: z.int().nonnegative(),
    vectors: z.array(z.string()).max(maxEmbedInputs),
    inputTokens: z.int().nonnegative(),
  }),
  z.object({
    type: z.literal("job-done"),
    jobId: z.string(),
    seq: z.int().nonnegative(),
    error: errorBodySchema.exactOptional(),
    parked: z.literal(true).exactOptional(),
  }),
  z.object({
    type: z.literal("tokens-counted"),
    countId: z.string(),
    inputTokens: z.int().nonnegative().exactOptional(),
    error: errorBodySchema.exactOptional(),
  }),
]);

const routerFrameSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    workerId: z.string(),
    pingEveryMs: z.number().positive(),
    silenceLimitMs: z.number().positive(),
    resumeWindowMs: z.number().nonnegative(),
    resume: z.array(z.object({ jobId: z.string(), nextSeq: z.int().nonnegative() })),
  }),
  z.object({ type: z.literal("refused"), error: errorBodySchema }),
  stamp.extend({ type: z.literal("ping") }),
  stamp.extend({ type: z.literal("pong") }),
  z.object({ type: z.literal("job-start"), jobId: z.string(), request: z.custom<ChatRequest>(isRecord) }),
  z.object({ type: z.literal("embed-start"), jobId: z.string(), request: z.custom<EmbedRequest>(isRecord) }),
  z.object({ type: z.literal("job-cancel"), jobId: z.string() }),
  z.object({ type: z.literal("tokens-count"), countId: z.string(), request: z.custom<ChatRequest>(isRecord) }),
  z.object({ type: z.literal("job-ack"), jobId: z.string(), seq: z.int() }),
  z.object({ type: z.literal("shutdown") }),
]);

/** Parses a worker's frame; throws `invalid_request` that says what is wrong with it. */
export function parseWorkerFrame(text: string): WorkerFrame {
  const frame = parseJson(text);
  if (isRecord(frame) && frame["type"] === "job-events") return parseJobEvents(frame);
  return check(workerControlSchema, frame);
}

/** The protocol a hello asks for, read without its schema, which another version may have changed; undefined for other frames. */
export function readHelloProtocol(text: string): number | undefined {
  const frame = parseJson(text);
  if (!isRecord(frame) || frame["type"] !== "hello") return undefined;
  return typeof frame["protocol"] === "number" ? frame["protocol"] : undefined;
}

/** Parses a router's frame; throws `invalid_request` that says what is wrong with it. */
export function parseRouterFrame(text: string): RouterFrame {
  return check(routerFrameSchema, parseJson(text));
}

export function encodeFrame(frame: WorkerFrame | RouterFrame): string {
  return JSON.stringify(frame);
}

/** An end that gets such a frame closes the link, with all that runs over it. */
export function isFrameTooLarge(text: string): boolean {
  // No character takes more than three bytes: most frames need not be measured.
  return text.length * 3 > maxFrameBytes && new TextEncoder().encode(text).length > maxFrameBytes;
}

function parseJobEvents(frame: Readonly<Record<string, unknown>>): WorkerFrame {
  const { jobId, seq, events } = frame;
  if (
    typeof jobId !== "string" ||
    typeof seq !== "number" ||
    !Number.isInteger(seq) ||
    seq < 0 ||
    !Array.isArray(events)
  ) {
    throw new AppError("invalid_request", "A job-events frame needs jobId, seq and events.");
  }
  for (const event of events) {
    if (!isChatEvent(event))
      throw new AppError("invalid_request", "A job-events frame holds an event of an unknown shape.");
  }
  return { type: "job-events", jobId, seq, events: events as ChatEvent[] };
}

function isChatEvent(event: unknown): event is ChatEvent {
  if (!isRecord(event)) return false;
  const index = event["index"];
  const indexed = Number.isInteger(index) && (index as number) >= 0 && (index as number) < maxBlocks;
  switch (event["type"]) {
    case "text-delta":
    case "reasoning-delta":
      return indexed && typeof event["text"] === "string";
    case "tool-call-delta":
      return indexed && typeof event["arguments"] === "string";
    case "tool-call-start":
      return indexed && typeof event["id"] === "string" && typeof event["name"] === "string";
    case "text-end":
      return indexed && (event["citations"] === undefined || isCitations(event["citations"]));
    case "text-start":
    case "reasoning-start":
    case "reasoning-end":
    case "tool-call-end":
      return indexed;
    case "start":
      return event["model"] === undefined || typeof event["model"] === "string";
    case "usage":
      return (
        isRecord(event["usage"]) &&
        usageFields.every((field) => isCount((event["usage"] as Record<string, unknown>)[field]))
      );
    case "warning":
      return typeof event["message"] === "string";
    case "end":
      return typeof event["stopReason"] === "string";
    case "error":
      return (
        isRecord(event["error"]) && isErrorCode(event["error"]["code"]) && typeof event["error"]["message"] === "string"
      );
    default:
      return false;
  }
}

function isCitations(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (citation) =>
        isRecord(citation) &&
        typeof citation["url"] === "string" &&
        typeof citation["title"] === "string" &&
        isCount(citation["start"]) &&
        isCount(citation["end"]),
    )
  );
}

const usageFields = ["inputTokens", "outputTokens", "cachedInputTokens", "cacheWriteTokens", "reasoningTokens"];

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("invalid_request", "A frame must be JSON text.", { cause });
  }
}

function check<T>(schema: z.ZodType<T>, frame: unknown): T {
  const parsed = schema.safeParse(frame);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError(
    "invalid_request",
    `Bad frame: ${issue?.path.join(".") || "type"}: ${issue?.message ?? "unknown"}`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
