// The chat endpoints of every dialect: parse, infer, answer. Knows HTTP and dialects, nothing of sources.

import type { ServerResponse } from "node:http";
import { createEventFold, type AnswerBatch } from "@auxot/wire/chat-event";
import type { AnswerMeta, Dialect, Format, StreamEncoder } from "@auxot/dialects/dialect";
import type { ChatRequest } from "@auxot/wire/chat";
import { createId } from "@auxot/wire/ids";
import type { Caller } from "../platform/caller.ts";
import type { Infer, Inference } from "../inference/infer.ts";
import { attachHeaders } from "./attach-headers.ts";
import type { Context } from "./context.ts";
import { readBody } from "./read-body.ts";
import { sendBytes } from "./send-json.ts";

export type ChatDeps = {
  readonly infer: Infer;
  readonly maxBodyBytes: number;
  /** A silent stream gets a ping this often. */
  readonly pingEveryMs: number;
};

/** Clients give up on answers whose headers exceed 8 or 16 KiB. */
const longestWarnings = 2000;

/** Answers one chat request. Throws AppError before the first byte; afterwards errors are told in the stream. */
export async function handleChat(deps: ChatDeps, dialect: Dialect, context: Context, caller: Caller): Promise<void> {
  const body = await readBody(context.request, deps.maxBodyBytes);
  const request = attachHeaders(dialect.serve.parseRequest(body), context.request);
  await answerChat(deps, dialect, context, caller, request);
}

/** Answers a request that was read. */
export async function answerChat(
  deps: ChatDeps,
  format: Format,
  context: Context,
  caller: Caller,
  request: ChatRequest,
): Promise<void> {
  const inference = await deps.infer(
    { requestId: context.id, caller, dialect: format.name, request, log: context.log },
    context.signal,
  );
  const meta = createMeta(format, context, inference, request);
  setRouteHeaders(context.response, inference);
  if (request.stream) await sendStream(context, inference, format.serve.createStreamEncoder(meta), deps.pingEveryMs);
  else await sendResult(context, inference, format, meta);
}

/** What the answer says of itself. */
export function createMeta(
  format: Format,
  context: Context,
  { placement }: Pick<Inference, "placement">,
  request: ChatRequest,
): AnswerMeta {
  return {
    id: createId(format.answerIdPrefix),
    createdAt: Math.floor(Date.now() / 1000),
    model: placement.model,
    includeUsage: request.includeUsage === true,
    requestId: context.id,
    request,
  };
}

/** Says where the answer comes from, and what its format could not carry; passes on what its vendor says of it. */
export function setRouteHeaders(
  response: ServerResponse,
  { placement, tries, warnings, headers = {} }: Omit<Inference, "batches">,
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const { tier, provider, worker, model } = placement;
  const fields = { tier, provider, ...(worker === undefined ? {} : { worker }), model, tries };
  // A semicolon starts the next field.
  const route = Object.entries(fields).map(
    ([name, value]) => `${name}=${toHeaderText(String(value)).replaceAll(";", "_")}`,
  );
  response.setHeader("x-auxot-route", route.join("; "));
  if (warnings.length > 0)
    response.setHeader("x-auxot-warnings", warnings.map(toHeaderText).join(" | ").slice(0, longestWarnings));
}

/** Header values hold visible ASCII only. */
function toHeaderText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "_").slice(0, 500);
}

async function sendResult(context: Context, inference: Inference, format: Format, meta: AnswerMeta): Promise<void> {
  const fold = createEventFold();
  const pieces: Uint8Array[] = [];
  for await (const { events, bytes } of inference.batches) {
    if (bytes !== undefined) pieces.push(bytes);
    else for (const event of events) fold.push(event);
  }
  const body = pieces.length > 0 ? Buffer.concat(pieces) : Buffer.from(format.serve.encodeResult(fold.result(), meta));
  sendBytes(context.response, body);
}

/** Writes an answer's frames as they come, no faster than they are read. */
export async function sendStream(
  context: Context,
  inference: Pick<Inference, "batches">,
  encoder: StreamEncoder,
  pingEveryMs: number,
): Promise<void> {
  const { response } = context;
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
  const ping = setInterval(() => response.write(encoder.ping()), pingEveryMs);
  try {
    for await (const batch of inference.batches) {
      if (context.signal.aborted) return;
      const data = toBytes(batch, encoder);
      if (data.length === 0) continue;
      ping.refresh();
      if (!response.write(data)) await waitForDrain(response);
    }
    response.end();
  } finally {
    clearInterval(ping);
  }
}

/** Bytes of the caller's own dialect go out as they came; an error that follows them is written by the encoder. */
function toBytes({ events, bytes }: AnswerBatch, encoder: StreamEncoder): Uint8Array | string {
  if (bytes === undefined) return encoder.encode(events);
  encoder.onPassed?.(bytes);
  return bytes;
}

function waitForDrain(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
